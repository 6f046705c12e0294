"""Intervals over groups, and when there is none."""

import numpy as np
import pytest

from ipip.decisions.statistics import LEAST_GROUPS, paired_bootstrap, withheld


def test_the_bootstrap_sees_a_clear_difference_and_not_a_chance_one():
    groups = [str(index // 3) for index in range(30)]
    better = [0.3 + 0.01 * (index % 5) for index in range(30)]
    worse = [value + 0.1 for value in better]
    low, high = paired_bootstrap(better, worse, [1] * 30, groups, seed=1)
    assert low == pytest.approx(-0.1) and high == pytest.approx(-0.1)
    mixed = [value + (0.1 if index // 3 % 2 else -0.1) for index, value in enumerate(better)]
    low, high = paired_bootstrap(better, mixed, [1] * 30, groups, seed=1)
    assert low < 0 < high


def test_the_bootstrap_weighs_frames_by_their_atoms():
    groups = [str(index // 2) for index in range(12)]
    low, high = paired_bootstrap([1.0, 0.0] * 6, [0.0] * 12, [30, 10] * 6, groups, seed=1)
    assert low == high == pytest.approx(0.75)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_trajectories_have_no_interval_however_many_frames(count):
    groups = [str(index % count) for index in range(60)]
    better, worse = [0.1] * 60, [0.2] * 60
    assert paired_bootstrap(better, worse, [1] * 60, groups, seed=1) is None
    word = "trajectory is" if count == 1 else "trajectories are"
    assert (
        withheld(groups, "trajectories") == f"{count} {word} too few for an interval (at least 6)"
    )


def test_frames_of_an_unnamed_trajectory_have_no_interval_either():
    groups = [str(index) for index in range(60)]
    ends = paired_bootstrap([0.1] * 60, [0.2] * 60, [1] * 60, groups, seed=1, units="frames")
    assert ends == pytest.approx((-0.1, -0.1))
    assert withheld(groups, "frames") is None
    assert "keys.group names none" in withheld(groups, "correlated frames")


def test_the_least_number_of_groups_is_where_their_span_covers_the_median_with_95_percent():
    rng = np.random.default_rng(3)
    covered = {
        n: np.mean([(d := rng.normal(size=n)).min() <= 0 <= d.max() for _ in range(20000)])
        for n in (LEAST_GROUPS - 1, LEAST_GROUPS)
    }
    assert covered[LEAST_GROUPS - 1] < 0.95 < covered[LEAST_GROUPS]
    assert covered[LEAST_GROUPS] == pytest.approx(1 - 2.0 ** (1 - LEAST_GROUPS), abs=0.01)
