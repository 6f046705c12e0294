"""The timed boxes: dense Mo-S-O, MoS2 crystal, S2 gas at 0.2 g/cm3."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal

from ipip.data.frame import Frame
from ipip.graph import neighbor_list

CUTOFF = 5.0
SYMBOLS = ("Mo", "S", "O")


def dense(n: int, seed: int = 1) -> Frame:
    """Return Mo, S and O atoms on a shaken grid, 0.086 atoms/Å^3: about 45 neighbours."""
    rng = np.random.default_rng(seed)
    length = (n / 0.086) ** (1 / 3)
    side = int(np.ceil(n ** (1 / 3) - 1e-9))
    grid = np.argwhere(np.ones((side, side, side)))[:n] * (length / side)
    numbers = rng.choice([42, 16, 8], n)
    return _periodic(numbers, grid + rng.uniform(-0.25, 0.25, (n, 3)), np.eye(3) * length)


def mos2(n: int, seed: int = 2) -> Frame:
    """Return 2H-MoS2, rattled by 0.05 Å, with about n atoms."""
    cell = crystal(
        ("Mo", "S"),
        basis=[(1 / 3, 2 / 3, 0.25), (1 / 3, 2 / 3, 0.621)],
        spacegroup=194,
        cellpar=[3.16, 3.16, 12.29, 90, 90, 120],
    )
    layers = max(1, round((n / 6 / 12) ** (1 / 3)))
    side = max(1, round((n / 6 / layers) ** 0.5))
    atoms = cell * (side, side, layers)
    atoms.rattle(0.05, seed=seed)
    return Frame.from_atoms(atoms)


def gas(n: int, seed: int = 3) -> Frame:
    """Return S2 molecules at random places and angles at 0.2 g/cm3, at least 2.8 Å apart."""
    rng = np.random.default_rng(seed)
    per_volume = 0.2 / 64.13 * 0.602214  # molecules/Å^3
    length = (n // 2 / per_volume) ** (1 / 3)
    points = np.zeros((0, 3))
    while len(points) < n - n % 2:
        axis = rng.normal(size=3)
        half = 0.5 * 1.9 * axis / np.linalg.norm(axis)
        molecule = rng.uniform(0, length, 3) + np.array([half, -half])
        apart = points[:, None] - molecule
        apart -= length * np.round(apart / length)
        if not (np.sum(apart**2, axis=-1) < 2.8**2).any():
            points = np.concatenate([points, molecule])
    return _periodic(np.full(len(points), 16), points, np.eye(3) * length)


BOXES: dict[str, Callable[[int], Frame]] = {"dense": dense, "MoS2": mos2, "S2 gas": gas}


def neighbours(frame: Frame) -> float:
    """Return the mean number of neighbours within the cutoff."""
    edges, _ = neighbor_list(frame.positions, frame.cell, frame.pbc, CUTOFF)
    return edges.shape[1] / len(frame)


def lone_shares(frame: Frame) -> tuple[float, float]:
    """Return the shares of atoms in lone pairs, and of images among them.

    One atom of such a pair is the other's image if both are of one species.
    """
    edges, _ = neighbor_list(frame.positions, frame.cell, frame.pbc, CUTOFF)
    receivers, senders = np.asarray(edges)
    single = np.bincount(receivers, minlength=len(frame)) == 1
    lone = single[receivers] & single[senders]
    alike = lone & (frame.numbers[receivers] == frame.numbers[senders])
    return float(lone.sum() / len(frame)), float(0.5 * alike.sum() / len(frame))


def _periodic(numbers: np.ndarray, positions: np.ndarray, cell: np.ndarray) -> Frame:
    return Frame.from_atoms(Atoms(numbers, positions=positions, cell=cell, pbc=True))
