"""Writes the starts of the decks: molecule.data, crystal.data and box.data.

python start.py [--seed SEED]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ase import Atoms
from ase.build import make_supercell
from ase.spacegroup import crystal

from ipip.config.systems import SystemSettings
from ipip.data.frame import Frame
from ipip.lammps.geometry import lammps_box, write_data
from ipip.systems import build
from ipip.systems.molecules import molecule

TYPES = ["Mo", "S", "O"]  # atom types 1, 2, 3 of the decks


def a_crystal() -> Atoms:
    """2H-MoS2 (a 3.16 Å, c 12.30 Å) in a rectangular box, 288 atoms."""
    hexagonal = crystal(
        ["Mo", "S"],
        basis=[(1 / 3, 2 / 3, 0.25), (1 / 3, 2 / 3, 0.621)],
        spacegroup=194,
        cellpar=[3.16, 3.16, 12.30, 90, 90, 120],
    )
    # a and a + 2 b are at right angles.
    rectangular = make_supercell(hexagonal, [[1, 0, 0], [1, 2, 0], [0, 0, 1]])
    return rectangular.repeat((6, 4, 1))


def write(path: Path, atoms: Atoms) -> None:
    """Write a data file with the types of the decks."""
    frame = Frame.from_atoms(atoms)
    write_data(path, frame, TYPES, lammps_box(frame))


def main() -> None:
    """Write the three files into the current folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="seed of the packing of the box")
    seed = parser.parse_args().seed
    write(Path("molecule.data"), molecule("Mo3O9"))
    write(Path("crystal.data"), a_crystal())
    box = SystemSettings(species={"Mo3O9": 1, "S2": 500}, density=0.2)
    write(Path("box.data"), build(box, seed).to_atoms())


if __name__ == "__main__":
    main()
