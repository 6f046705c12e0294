"""How often frames were left out, by kind of reason."""

import pytest

from ipip.harvest import Decision, count_reasons


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("teacher force 62.31 eV/Å is above 60.00 eV/Å", "teacher force is above its bound"),
        ("Mo-S distance 1.203 Å is below 1.500 Å", "Mo-S distance is below its bound"),
        (
            "teacher energy is 0.523 eV/atom above the mean of the known frames (bound 1.000)",
            "teacher energy is above the mean of the known frames",
        ),
        (
            "force difference 0.123 eV/Å is not among the 90 worst",
            "force difference is not among the worst",
        ),
        ("10 frames of its run, every 3. one, are enough", "frames of its run are enough"),
        (
            "212.5 fs before the failure, outside the window of 200 fs",
            "before the failure, outside the window",
        ),
        ("the run failed at step 90", "the run failed"),
        (
            "the teacher's process (sevennet 7net-0) failed: no Xx",
            "the teacher's process (sevennet 7net-0) failed: no Xx",
        ),
    ],
)
def test_a_kind_of_reason_has_no_numbers_or_units_left(reason, kind):
    left = Decision("run", "stable", 3, None, False, reason)
    taken = Decision("run", "stable", 4, None, True, "")
    assert count_reasons([left, taken, left]) == {kind: 2}
