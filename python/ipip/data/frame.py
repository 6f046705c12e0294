"""One atomic configuration and its labels."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Frame:
    """A configuration of n atoms with the labels that are known for it.

    Attributes:
        numbers: [n] atomic numbers.
        positions: [n, 3] in Å.
        cell: [3, 3] rows are lattice vectors in Å; zero where there is no periodicity.
        pbc: [3] periodic directions.
        energy: total energy in eV, or None.
        forces: [n, 3] in eV/Å, or None.
        stress: [3, 3] in eV/Å^3 with ASE's sign (positive under tension), or None.
        info: what else is known (config type, trajectory, origin, ...): plain values.
        weight: factor of this frame's terms in a training's loss.
    """

    numbers: IntArray
    positions: FloatArray
    cell: FloatArray
    pbc: npt.NDArray[np.bool_]
    energy: float | None = None
    forces: FloatArray | None = None
    stress: FloatArray | None = None
    info: dict[str, Any] = dataclasses.field(default_factory=dict)
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.numbers)

    def replace(self, **changes: Any) -> Frame:
        """Return a copy with some attributes changed."""
        return dataclasses.replace(self, **changes)

    @property
    def volume(self) -> float:
        """Volume of the cell in Å^3; 0 where the cell is not three-dimensional."""
        return abs(float(np.linalg.det(self.cell)))

    @classmethod
    def from_atoms(cls, atoms: Atoms) -> Frame:
        """Take an ASE structure and the results that its calculator holds (nothing is computed)."""
        results = {} if atoms.calc is None else dict(atoms.calc.results)
        stress = results.get("stress")
        if stress is not None and np.shape(stress) == (6,):
            xx, yy, zz, yz, xz, xy = stress
            stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        forces = results.get("forces")
        return cls(
            numbers=atoms.numbers.astype(np.int64),
            positions=atoms.positions.astype(np.float64),
            cell=np.asarray(atoms.cell.array, dtype=np.float64),
            pbc=atoms.pbc.copy(),
            energy=None if results.get("energy") is None else float(results["energy"]),
            forces=None if forces is None else np.asarray(forces, dtype=np.float64),
            stress=None if stress is None else np.asarray(stress, dtype=np.float64),
            info=dict(atoms.info),
        )

    def to_atoms(self) -> Atoms:
        """Return an ASE structure; labels become a SinglePointCalculator's results."""
        atoms = Atoms(numbers=self.numbers, positions=self.positions, cell=self.cell, pbc=self.pbc)
        atoms.info.update(self.info)
        labels = {"energy": self.energy, "forces": self.forces, "stress": self.stress}
        known = {name: value for name, value in labels.items() if value is not None}
        if known:
            atoms.calc = SinglePointCalculator(atoms, **known)
        return atoms
