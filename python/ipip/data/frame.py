"""One atomic configuration and its labels."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from ipip.data.electronic_state import Arrays, atom_state_in, state_in

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Frame:
    """A configuration of n atoms with its labels, as far as known.

    Attributes:
        numbers: [n] atomic numbers.
        positions: [n, 3] in Å.
        cell: [3, 3] rows are lattice vectors in Å; zero without periodicity.
        pbc: [3] periodic directions.
        energy: total energy in eV, or None.
        forces: [n, 3] in eV/Å, or None.
        stress: [3, 3] in eV/Å^3 with ASE's sign (positive under tension), or None. Only a cell that
            is periodic in three directions has one: otherwise it is dropped.
        info: further facts (config type, trajectory, origin, ...): plain values; charge, spin
            and the like are the frame's electronic state.
        weight: factor of this frame's terms in a training's loss.
        arrays: the electronic state atom by atom: `initial_charges` [n] (e), `initial_magmoms` [n]
            or [n, 3] (Bohr magnetons), `tags` [n], unless all are zero.
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
    arrays: Arrays = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.stress is not None and not self.may_have_stress:
            object.__setattr__(self, "stress", None)

    def __len__(self) -> int:
        return len(self.numbers)

    def replace(self, **changes: Any) -> Frame:
        """Return a copy with some attributes changed.

        The electronic state stays with the frame: a new `info` gets the charge, spin, ... of the
        old one unless it has another.
        """
        if "info" in changes:
            changes["info"] = self.state | changes["info"]
        return dataclasses.replace(self, **changes)

    @property
    def state(self) -> dict[str, Any]:
        """The electronic state of the whole frame: the part of `info` that calculators read."""
        return state_in(self.info)

    @property
    def may_have_stress(self) -> bool:
        """Whether a stress of this frame means anything: a cell periodic in three directions."""
        return bool(np.all(self.pbc)) and self.volume > 0.0

    @property
    def volume(self) -> float:
        """Volume of the cell in Å^3; 0 if the cell is not three-dimensional."""
        return abs(float(np.linalg.det(self.cell)))

    @classmethod
    def from_atoms(cls, atoms: Atoms) -> Frame:
        """Convert an ASE structure and its calculator's stored results (nothing is computed)."""
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
            arrays=atom_state_in(atoms.arrays, len(atoms)),
        )

    def to_atoms(self) -> Atoms:
        """Return an ASE structure; labels become a SinglePointCalculator's results."""
        atoms = Atoms(numbers=self.numbers, positions=self.positions, cell=self.cell, pbc=self.pbc)
        atoms.info.update(self.info)
        for name, values in self.arrays.items():
            atoms.set_array(name, values.copy())
        labels = {"energy": self.energy, "forces": self.forces, "stress": self.stress}
        known = {name: value for name, value in labels.items() if value is not None}
        if known:
            atoms.calc = SinglePointCalculator(atoms, **known)
        return atoms
