"""Arguments are checked before anything is built from them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from ipip.errors import InputError
from ipip.models import build_student


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": 10_000_000}, "layers is 10000000; expected 1 to 100"),
        ({"channels": 200_000}, "channels is 200000; expected 2 to 4096"),
        ({"channels": "8"}, "channels is '8'; expected a whole number"),
        ({"channels": True}, "channels is True; expected a whole number"),
        ({"channels": 8.0}, "channels is 8.0; expected a whole number"),
        ({"n_radial": 10**9}, "n_radial is 1000000000; expected 2 to 4096"),
        ({"n_heads": 10**9}, "n_heads is 1000000000; expected 1 to 1024"),
        ({"cutoff": float("nan")}, "cutoff is nan Å; expected 0.5 to 50 Å"),
        ({"cutoff": None}, "cutoff is None; expected a number"),
        ({"zbl": 1}, "zbl is 1; expected true or false"),
        ({"dtype": 32}, "dtype is 32; expected a name"),
        ({"a" * 1000: 1}, "has no argument 'a{60}';"),
    ],
)
def test_a_wrong_argument_is_refused_before_memory_is_allocated(
    architecture: str, arguments: dict[str, Any], message: str
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message):
            build_student(architecture, ["Mo"], **arguments)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
def test_a_whole_number_is_a_cutoff_too(architecture: str) -> None:
    assert build_student(architecture, ["Mo"], cutoff=4, channels=8, layers=1).cutoff == 4.0
