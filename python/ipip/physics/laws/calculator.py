"""What an ASE calculator gives for a structure, as the laws take it."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms

from ipip.physics.laws.evaluation import Evaluation


def _implemented(calculator: Any) -> list[str]:
    return list(getattr(calculator, "implemented_properties", []))


def evaluate(calculator: Any, atoms: Atoms) -> Evaluation:
    """Let a calculator evaluate a copy of a structure, without its constraints.

    The energy is the one that forces are consistent with, ASE's `free_energy`, where the calculator
    has it.
    """
    system = atoms.copy()
    system.set_constraint()
    system.calc = calculator
    there = _implemented(calculator)
    energy = system.get_potential_energy(force_consistent="free_energy" in there)
    forces = np.array(system.get_forces(), dtype=np.float64)
    stress = None
    if "stress" in there and atoms.pbc.all():
        stress = np.array(system.get_stress(voigt=False), dtype=np.float64)
    energies = None
    if "energies" in there:
        energies = np.array(system.get_potential_energies(), dtype=np.float64)
    return Evaluation(float(energy), forces, stress, energies)
