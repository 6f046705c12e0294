"""Boxes of Mo, S and O at the density of the reference system's solids, and decks for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from ipip import build_student, save_student
from ipip.data.frame import Frame
from ipip.lammps.geometry import lammps_box, write_data

SYMBOLS = ["Mo", "S", "O"]
CUTOFF = 5.0  # Å
SKIN = 1.0  # Å
SPACING = 2.27  # Å: 45 neighbours within the cutoff
DENSITY = SPACING**-3
GAS_SPACING = 8.08  # Å between S2 molecules
LAYERS = 3
CHANNELS = 64
REBUILD = 5  # steps between two neighbour lists, as in hot MD


def write_student(path: Path) -> None:
    """Write a PaiNN of random weights: the cost of a step does not depend on their values."""
    save_student(
        build_student("painn", SYMBOLS, seed=3, channels=CHANNELS, layers=LAYERS, cutoff=CUTOFF),
        path,
    )


def write_box(path: Path, cells: tuple[int, int, int]) -> int:
    """Write a data file of atoms on a rattled cubic grid; return their number."""
    rng = np.random.default_rng(11)
    grid = np.array(list(np.ndindex(*cells)), dtype=float) * SPACING
    atoms = Atoms(
        numbers=rng.choice([42, 16, 8], len(grid)),
        positions=grid + rng.normal(scale=0.1, size=grid.shape),
        cell=np.array(cells) * SPACING,
        pbc=True,
    )
    frame = Frame.from_atoms(atoms)
    write_data(path, frame, SYMBOLS, lammps_box(frame))
    return len(atoms)


def write_gas(path: Path, cells: tuple[int, int, int]) -> int:
    """Write S2 on a grid at the density of the stability run, 0.2 g/cm3; return the atoms."""
    rng = np.random.default_rng(12)
    grid = np.array(list(np.ndindex(*cells)), dtype=float) * GAS_SPACING
    centres = grid + rng.normal(scale=0.5, size=grid.shape)
    axes = rng.normal(size=grid.shape)
    axes *= 0.95 / np.linalg.norm(axes, axis=1, keepdims=True)
    atoms = Atoms(
        "S" * (2 * len(grid)),
        positions=np.concatenate([centres - axes, centres + axes]),
        cell=np.array(cells) * GAS_SPACING,
        pbc=True,
    )
    frame = Frame.from_atoms(atoms)
    write_data(path, frame, SYMBOLS, lammps_box(frame))
    return len(atoms)


def deck(data: str, keywords: str, blocks: int) -> str:
    """Return a deck that runs blocks of `REBUILD` steps, after two for warm-up.

    The time step is so short that atoms stay in place, so the work of all steps is the same;
    neighbour lists are rebuilt as if they moved, once in each block.
    """
    return (
        f"units metal\nboundary p p p\nread_data {data}\n"
        f"pair_style ipip {keywords}\npair_coeff * * student.pt {' '.join(SYMBOLS)}\n"
        f"neighbor {SKIN} bin\nneigh_modify every {REBUILD} delay 0 check no\n"
        "velocity all create 300 5 loop geom\ntimestep 1e-9\nfix 1 all nve\nthermo 1000000\n"
        "run 2\n" + f"run {REBUILD} pre no\n" * blocks
    )
