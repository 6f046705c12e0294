"""The systems and the student that the decks read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from ase import Atoms

from ipip import save_student
from ipip.models import build_student
from tests.pair_style.commands.session import MODEL
from tests.pair_style.conftest import SYMBOLS, a_gas, write_start


def write_student(path: Path) -> None:
    """A small student of random weights, with repulsion at short range."""
    student = build_student(
        "painn", SYMBOLS, seed=7, channels=8, layers=2, n_radial=20, dtype="float64", zbl=True
    )
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in student.parameters():
            if parameter.dim() == 1:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    student.set_energy_scale([-3.0, -2.0, -1.0], 1.3, 0.1)
    save_student(student, path)


def write_molecules(gas: Path, path: Path) -> None:
    """The gas in `atom_style full`: molecules 1 and 2 of three bonded atoms each, no more bonds."""
    head, body = gas.read_text().split("Atoms # atomic\n\n")
    rows = [line.split() for line in body.splitlines() if line.strip()]
    molecule = {int(row[0]): (int(row[0]) + 2) // 3 for row in rows}
    atoms = "\n".join(
        f"{row[0]} {molecule[int(row[0])]} {row[1]} 0.0 {' '.join(row[2:5])}" for row in rows
    )
    head = head.replace("atoms\n", "atoms\n4 bonds\n", 1).replace(
        "atom types\n", "atom types\n1 bond types\n", 1
    )
    bonds = "\n".join(
        f"{k + 1} 1 {a} {b}" for k, (a, b) in enumerate([(1, 2), (2, 3), (4, 5), (5, 6)])
    )
    path.write_text(f"{head}Atoms # full\n\n{atoms}\n\nBonds\n\n{bonds}\n")


def write_systems(folder: Path) -> None:
    """Everything that the decks read."""
    write_student(folder / MODEL)
    write_start(folder, a_gas())
    (folder / "start.data").rename(folder / "gas.data")
    atoms = a_gas()
    atoms.positions = 1.5 + 0.8 * atoms.positions
    write_start(folder, atoms)
    (folder / "start.data").rename(folder / "inside.data")
    write_molecules(folder / "gas.data", folder / "molecules.data")
    write_lone(folder)


def write_lone(folder: Path) -> None:
    """Atoms and pairs of atoms that do not see each other, and one atom in a wide box."""
    grid = np.array(list(np.ndindex(2, 2, 2))) * 12.0 + 2.0
    write_start(folder, Atoms("O8", grid, cell=[24.0] * 3, pbc=True))
    (folder / "start.data").rename(folder / "lone.data")
    write_start(folder, Atoms("O", [[2.0, 2.0, 2.0]], cell=[60.0] * 3, pbc=True))
    (folder / "start.data").rename(folder / "alone.data")
    first = grid[[0, 3, 5, 6]]
    pairs = np.concatenate([np.stack([p, p + [1.4, 0.3, 0.2]]) for p in first])
    write_start(folder, Atoms("OS" * 4, pairs, cell=[24.0] * 3, pbc=True))
    head, body = (folder / "start.data").read_text().split("Atoms # atomic\n\n")
    rows = [line.split() for line in body.splitlines() if line.strip()]
    atoms = "\n".join(
        f"{row[0]} {(int(row[0]) + 1) // 2} {row[1]} 0.0 {' '.join(row[2:5])}" for row in rows
    )
    (folder / "lone_molecules.data").write_text(f"{head}Atoms # full\n\n{atoms}\n")
    whole = (folder / "molecules.data").read_text()
    (folder / "unbonded.data").write_text(whole[: whole.index("Bonds\n")].replace("4 bonds\n", ""))
    rows = whole.split("Atoms # full\n\n")[1].split("\n\n")[0].splitlines()
    water = [
        " ".join([w[0], w[1], "3" if int(w[0]) < 7 else w[2], *w[3:]]) for w in map(str.split, rows)
    ]
    (folder / "water.data").write_text(whole.replace("\n".join(rows), "\n".join(water)))
    head, body = (folder / "gas.data").read_text().split("Atoms # atomic\n\n")
    rows = [line.split() for line in body.splitlines() if line.strip()]
    charge = {"1": 1.0, "2": 0.0, "3": -1.0}
    atoms = "\n".join(f"{row[0]} {row[1]} {charge[row[1]]} {' '.join(row[2:5])}" for row in rows)
    (folder / "charges.data").write_text(f"{head}Atoms # charge\n\n{atoms}\n")
    (folder / "qeq.txt").write_text("".join(f"{t} 1.0 8.0 0.5 1.0 0.0\n" for t in (1, 2, 3)))
    (folder / "colvars.in").write_text(
        "colvar {\n name d\n distance {\n"
        " group1 { atomNumbers 1 }\n group2 { atomNumbers 2 }\n }\n}\n"
        "harmonic {\n colvars d\n centers 3.0\n forceConstant 1.0\n}\n"
    )
    sites = "".join(f"0 0 0 {k} {k + 1}\n" for k in range(24))
    (folder / "phonon.map").write_text(f"1 1 1 24\n# one cell\n{sites}")
    (folder / "pair.txt").write_text(
        "O and S\n\n2 atoms\n\nCoords\n\n1 0 0 0\n2 1.4 0.3 0.2\n\nTypes\n\n1 1\n2 3\n\n"
        "Charges\n\n1 0.0\n2 0.0\n"
    )
