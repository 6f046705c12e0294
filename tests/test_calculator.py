"""The ASE calculator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from ipip import IpipCalculator, save_student
from ipip.errors import InputError
from ipip.models import Student


@pytest.fixture
def calculator(make_student: Callable[..., Student], tmp_path: Path) -> IpipCalculator:
    save_student(make_student(), tmp_path / "student.pt")
    return IpipCalculator(tmp_path / "student.pt")


def test_crystal_forces_and_stress_are_numerical_derivatives(calculator: IpipCalculator) -> None:
    atoms = bulk("Mo", cubic=True)
    atoms.rattle(0.1, seed=1)
    atoms.set_cell(atoms.cell @ (np.eye(3) + [[0, 0.05, 0], [0, 0, 0.02], [0, 0, 0.03]]), True)
    atoms.calc = calculator
    np.testing.assert_allclose(
        atoms.get_forces(), calculate_numerical_forces(atoms, eps=1e-4), atol=1e-6
    )
    np.testing.assert_allclose(
        atoms.get_stress(), calculate_numerical_stress(atoms, eps=1e-5), atol=1e-8
    )
    assert atoms.get_potential_energies().sum() == pytest.approx(atoms.get_potential_energy())


def test_a_molecule_has_no_stress_but_energies(calculator: IpipCalculator) -> None:
    atoms = molecule("SO2")
    atoms.calc = calculator
    assert np.isfinite(atoms.get_potential_energy())
    assert "stress" not in atoms.calc.results
    assert len(atoms.get_potential_energies()) == 3


def test_an_empty_system_has_no_energy(calculator: IpipCalculator) -> None:
    atoms = Atoms()
    atoms.calc = calculator
    assert atoms.get_potential_energy() == 0.0 and atoms.get_forces().shape == (0, 3)


def test_an_unknown_element_is_named(calculator: IpipCalculator) -> None:
    atoms = molecule("H2O")
    atoms.calc = calculator
    with pytest.raises(InputError, match="holds H"):
        atoms.get_potential_energy()


def test_a_gpu_that_is_not_there_is_told(calculator: IpipCalculator, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    with pytest.raises(InputError, match="no GPU"):
        IpipCalculator(tmp_path / "student.pt", device="cuda")
