"""Energies of free atoms."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from ipip.data import Frame, fit_reference_energies
from ipip.errors import InputError

TRUE = {42: -1845.5, 16: -277.0, 8: -430.2}


def frame(numbers: list[int], noise: float = 0.0) -> Frame:
    """Return atoms far apart whose energy is the sum of the true values."""
    n = len(numbers)
    return Frame(
        np.array(numbers),
        np.arange(3.0 * n).reshape(n, 3) * 10,
        np.zeros((3, 3)),
        np.zeros(3, bool),
        energy=sum(TRUE[z] for z in numbers) + noise * n,
        forces=np.zeros((n, 3)),
    )


def test_least_squares_finds_the_energies_without_bias() -> None:
    frames = [
        frame([42] * a + [16] * b + [8] * c) for a in (1, 2, 3) for b in (1, 4, 6) for c in (2, 5)
    ]
    fit = fit_reference_energies(frames, ["Mo", "S", "O"])
    assert fit.rank == 3 and fit.note == ""
    assert np.allclose(fit.values, list(TRUE.values()), atol=1e-3)
    assert fit.residual < 1e-4
    assert np.array_equal(np.asarray(fit), fit.values)


def test_one_composition_gives_one_shift_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fit = fit_reference_energies([frame([42, 16, 16])] * 5, ["Mo", "S"])
    assert fit.rank == 1
    assert fit.values[0] == pytest.approx(fit.values[1], abs=1e-6)
    assert fit.values[0] == pytest.approx((TRUE[42] + 2 * TRUE[16]) / 3, rel=1e-6)
    assert fit.residual < 1e-3
    assert "only one common shift" in caplog.text


def test_an_absent_element_is_named() -> None:
    fit = fit_reference_energies([frame([16, 8]), frame([16, 16, 8])], ["Mo", "S", "O"])
    assert "no frame has Mo" in fit.note
    assert np.isfinite(fit.values).all()


def test_isolated_atoms_and_given_energies() -> None:
    frames = [frame([42]), frame([16]), frame([8]), frame([42, 16, 8], noise=-3.0)]
    fit = fit_reference_energies(frames, ["S", "O", "Mo"], "isolated")
    assert fit.by_symbol() == {"S": TRUE[16], "O": TRUE[8], "Mo": TRUE[42]}
    given = fit_reference_energies(frames, ["S", "O", "Mo"], "given", {"O": 1, "S": 2, "Mo": 3})
    assert given.values.tolist() == [2, 1, 3]


def test_what_a_mode_cannot_supply_is_refused() -> None:
    with pytest.raises(InputError, match="Mo has none"):
        fit_reference_energies([frame([16])], ["Mo", "S"], "isolated")
    with pytest.raises(InputError, match="expected one energy"):
        fit_reference_energies([frame([16])], ["S"], "given", {"O": 1.0})
    with pytest.raises(InputError, match="frame 0 has no energy"):
        fit_reference_energies([frame([16]).replace(energy=None)], ["S"])
    with pytest.raises(InputError, match="at least one frame"):
        fit_reference_energies([], ["S"])
    with pytest.raises(InputError, match=r"Mo \(first in frame 1\) is not among"):
        fit_reference_energies([frame([16]), frame([42])], ["S"])
