"""The shift from the teacher's energies to the reference's."""

import numpy as np
import pytest

from ipip.data import Frame
from ipip.decisions.energy_shift import apply_energy_shift, fit_energy_shift, outside_fit

SYMBOLS = ["Mo", "S", "O"]
NUMBERS = {"Mo": 42, "S": 16, "O": 8}
TRUE = {"Mo": -1844.0, "S": -273.0, "O": -430.0}


def make_frame(energy: float, **counts: int) -> Frame:
    numbers = np.array([NUMBERS[s] for s, n in counts.items() for _ in range(n)], dtype=np.int64)
    n = len(numbers)
    return Frame(numbers, np.zeros((n, 3)), np.zeros((3, 3)), np.zeros(3, bool), energy)


def pair(teacher: float, **counts: int) -> tuple[Frame, Frame]:
    added = sum(TRUE[symbol] * n for symbol, n in counts.items())
    return make_frame(teacher + added, **counts), make_frame(teacher, **counts)


def test_each_elements_shift_is_found_where_compositions_separate_them():
    pairs = [pair(-5.0, Mo=1, O=3), pair(-9.0, Mo=1, S=4, O=3), pair(-7.0, Mo=1, S=5, O=2)]
    reference, teacher = zip(*pairs, strict=True)
    shift = fit_energy_shift(reference, teacher, SYMBOLS)
    assert shift.rank == 3
    assert shift.by_symbol() == pytest.approx(TRUE, abs=1e-3)
    shifted = apply_energy_shift(teacher, shift.by_symbol())
    assert [f.energy for f in shifted] == pytest.approx([f.energy for f in reference], abs=1e-3)


def test_one_composition_gives_one_shift_for_all_elements_and_says_so():
    pairs = [pair(-5.0, Mo=3, O=9, S=2), pair(-6.0, Mo=3, O=9, S=2)]
    reference, teacher = zip(*pairs, strict=True)
    shift = fit_energy_shift(reference, teacher, SYMBOLS)
    assert shift.rank == 1
    assert "one common shift" in shift.note
    values = list(shift.by_symbol().values())
    assert values == pytest.approx([values[0]] * 3)
    shifted = apply_energy_shift(teacher, shift.by_symbol())
    assert [f.energy for f in shifted] == pytest.approx([f.energy for f in reference], abs=1e-3)


def test_compositions_beyond_the_fit_are_named():
    reference = [make_frame(0.0, Mo=3, O=9, S=2), make_frame(0.0, Mo=3, O=9, S=4)]
    inside = make_frame(0.0, Mo=3, O=9, S=8)
    outside = make_frame(0.0, Mo=1, S=6)
    assert outside_fit([inside], reference, SYMBOLS) == []
    assert outside_fit([inside, outside, outside], reference, SYMBOLS) == ["Mo1S6"]


def test_forces_do_not_change():
    frame = make_frame(1.0, S=2).replace(forces=np.ones((2, 3)))
    (shifted,) = apply_energy_shift([frame], {"S": 2.0})
    assert shifted.energy == 5.0
    assert np.array_equal(shifted.forces, frame.forces)
