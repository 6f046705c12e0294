"""Structures at other volumes, with the same fractional coordinates."""

from __future__ import annotations

import dataclasses

import numpy as np
from ase import Atoms

from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.subject import Subject


@dataclasses.dataclass(frozen=True)
class VolumeScan:
    """One structure at n volumes.

    Attributes:
        volumes: [n] V/V0.
        energies: [n] eV/atom; NaN where the potential raised an error.
        pressures: [n] eV/Å^3 from the stress, or None without stress.
        atom_volume: Å^3 per atom at V0.
        problem: the first error; empty without one.
    """

    volumes: FloatArray
    energies: FloatArray
    pressures: FloatArray | None
    atom_volume: float
    problem: str = ""


def scan_volumes(subject: Subject, atoms: Atoms, volumes: FloatArray) -> VolumeScan:
    """Evaluate a periodic structure at volumes V/V0; box and atoms are scaled together."""
    energies, pressures = np.full(len(volumes), np.nan), np.full(len(volumes), np.nan)
    problem, stressed = "", True
    for index, volume in enumerate(volumes):
        scaled = atoms.copy()
        scaled.set_cell(atoms.cell.array * volume ** (1 / 3), scale_atoms=True)
        try:
            result = subject.evaluate(scaled)
        except Exception as error:
            problem = problem or f"at {volume:.2f} of the volume: {error}"
            continue
        energies[index] = result.energy / len(atoms)
        if result.stress is None:
            stressed = False
        else:
            pressures[index] = -float(np.trace(result.stress)) / 3.0
    per_atom = float(atoms.get_volume()) / len(atoms)
    return VolumeScan(volumes, energies, pressures if stressed else None, per_atom, problem)


def largest_fall(energies: FloatArray, noise: float) -> tuple[float, int]:
    """Return the largest fall of energies after a rise, and the index of its lowest point.

    Args:
        energies: [n] in the order in which the system is compressed or pulled apart. They may fall
            first, towards equilibrium: falls count from where energies have risen by more than
            noise above the lowest one before.
        noise: in the unit of the energies; smaller changes are not a rise.
    """
    if not np.isfinite(energies).all():
        return float("nan"), int(np.flatnonzero(~np.isfinite(energies))[0])
    rises = np.flatnonzero(energies - np.minimum.accumulate(energies) > noise)
    if not len(rises):  # it never resists
        return float(energies[0] - energies[-1]), len(energies) - 1
    begin = int(energies[: rises[0]].argmin())
    fall = np.maximum.accumulate(energies[begin:]) - energies[begin:]
    at = int(fall.argmax())
    return float(fall[at]), begin + at
