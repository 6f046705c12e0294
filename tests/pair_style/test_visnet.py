"""ViSNet runs in LAMMPS as any student does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip import IpipCalculator
from ipip.data.frame import Frame
from ipip.lammps.deck import student_pair
from ipip.lammps.single_point import single_point
from tests.pair_style.conftest import SYSTEMS, TYPES

# (system, degree, precision, tolerance); the tiny cell is shorter than the cutoff
CASES = [
    ("molecule", 1, "float64", 1e-9),
    ("slab", 2, "float64", 1e-9),
    ("triclinic", 1, "float64", 1e-9),
    ("triclinic", 2, "float32", 2e-5),
    ("tiny", 2, "float64", 1e-9),
]


@pytest.mark.parametrize(("system", "lmax", "dtype", "tolerance"), CASES)
def test_energy_forces_and_stress_equal_the_calculators(
    models: Callable[..., Path], system: str, lmax: int, dtype: str, tolerance: float
) -> None:
    atoms = SYSTEMS[system]()
    model = models(dtype, architecture="visnet", attention_heads=2, lmax=lmax, layers=3)
    atoms.calc = IpipCalculator(model, backend="eager")
    found = single_point(Frame.from_atoms(atoms), student_pair(model, TYPES), TYPES)
    assert found.energy == pytest.approx(atoms.get_potential_energy(), rel=tolerance)
    assert found.forces is not None
    forces = atoms.get_forces()
    assert np.abs(forces).max() > 1e-3
    np.testing.assert_allclose(found.forces, forces, atol=tolerance * np.abs(forces).max())
    if atoms.pbc.all():
        assert found.stress is not None
        stress = atoms.get_stress(voigt=False)
        np.testing.assert_allclose(found.stress, stress, atol=tolerance * np.abs(stress).max())
