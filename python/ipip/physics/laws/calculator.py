"""The results of an ASE calculator for a structure, as input of the laws."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms

from ipip.physics.laws.evaluation import Evaluation


def _implemented(calculator: Any) -> list[str]:
    return list(getattr(calculator, "implemented_properties", []))


def evaluate(calculator: Any, atoms: Atoms) -> Evaluation:
    """Evaluate a copy of a structure with a calculator, without its constraints.

    The energy is the one that forces are consistent with, ASE's `free_energy`, if the calculator
    has it.
    """
    system = atoms.copy()
    system.set_constraint()
    system.calc = calculator
    implemented = _implemented(calculator)
    energy = system.get_potential_energy(force_consistent="free_energy" in implemented)
    forces = np.array(system.get_forces(), dtype=np.float64)
    stress = None
    if "stress" in implemented and atoms.pbc.all():
        stress = np.array(system.get_stress(voigt=False), dtype=np.float64)
    energies = None
    if "energies" in implemented:
        energies = np.array(system.get_potential_energies(), dtype=np.float64)
    return Evaluation(float(energy), forces, stress, energies)
