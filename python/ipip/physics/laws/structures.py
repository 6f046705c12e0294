"""Structures that the checks derive from the given elements and structures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols, covalent_radii

from ipip.physics.laws.evaluation import FloatArray


def described(atoms: Atoms) -> str:
    """Return the name of a structure for messages."""
    directions = "".join("abc"[axis] for axis in range(3) if atoms.pbc[axis])
    return f"{atoms.symbols.formula:metal}, " + (f"pbc {directions}" if directions else "no pbc")


def numbered(structures: Sequence[Atoms]) -> list[str]:
    """Return unique names of structures."""
    return [f"{number}: {described(atoms)}" for number, atoms in enumerate(structures, start=1)]


def rotation(seed: int) -> FloatArray:
    """Return a random proper rotation [3, 3]; rows of coordinates are multiplied from the left."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return np.asarray(q if np.linalg.det(q) > 0 else -q)


def spacing(symbols: Sequence[str]) -> float:
    """Return a typical distance of neighbours, twice the mean covalent radius, Å."""
    return 2.0 * float(np.mean([covalent_radii[atomic_numbers[s]] for s in symbols]))


def surroundings(like: Atoms, length: float) -> tuple[npt.NDArray[np.float64], FloatArray]:
    """Return a cell [3, 3] with a length in Å and the periodic directions of `like`."""
    return np.eye(3) * length, np.asarray(like.pbc)


def alone(symbol: str, like: Atoms, length: float) -> Atoms:
    """Return one atom in a box with the periodic directions of `like`."""
    cell, pbc = surroundings(like, length)
    return Atoms(symbol, positions=[[0.31, 0.22, 0.17]], cell=cell, pbc=pbc)


def cluster(symbols: Sequence[str], like: Atoms, length: float) -> Atoms:
    """Return three bonded atoms, without symmetry, at the middle of a box."""
    cell, pbc = surroundings(like, length)
    shape = np.array([[0.0, 0.0, 0.0], [0.95, 0.2, 0.0], [0.27, 1.0, 0.33]])
    kinds = [symbols[k % len(symbols)] for k in range(3)]
    return Atoms(kinds, shape * spacing(symbols) + 0.5 * length, cell=cell, pbc=pbc)


def elements(structures: Sequence[Atoms]) -> list[str]:
    """Return the elements of structures, by atomic number."""
    numbers = sorted({int(z) for atoms in structures for z in atoms.numbers})
    return [chemical_symbols[z] for z in numbers]


def packed_box(
    symbols: Sequence[str], seed: int = 0, n: int = 10, length: float = 6.0, apart: float = 1.2
) -> Atoms:
    """Return atoms at random places, at least `apart` Å from each other, in a skewed periodic box.

    Args:
        symbols: elements to draw from.
        seed: of places and elements.
        n: number of atoms.
        length: of the box, Å.
        apart: smallest distance, Å.
    """
    rng = np.random.default_rng(seed)
    cell = np.diag([length] * 3) + np.array([[0, 0, 0], [0.7, 0, 0], [0.4, -0.6, 0]])
    points: list[FloatArray] = []
    while len(points) < n:
        trial = rng.uniform(0, 1, 3) @ cell
        images = [trial - p for p in points]
        inverse = np.linalg.inv(cell)
        if all(np.linalg.norm(d - np.round(d @ inverse) @ cell) > apart for d in images):
            points.append(trial)
    kinds = [symbols[k] for k in rng.integers(0, len(symbols), n)]
    return Atoms(kinds, points, cell=cell, pbc=True)
