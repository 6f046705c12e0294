"""Small systems, and how a student sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ase import Atoms

from ipip.graph import neighbor_list
from ipip.models import Student
from ipip.network import energy_and_forces


def system(seed: int = 0, n: int = 10, length: float = 6.0) -> tuple[Any, Any, Any]:
    """Random atoms at least 1.2 Å apart in a skewed periodic box."""
    rng = np.random.default_rng(seed)
    cell = np.diag([length] * 3) + np.array([[0, 0, 0], [0.7, 0, 0], [0.4, -0.6, 0]])
    points: list[Any] = []
    while len(points) < n:
        trial = rng.uniform(0, 1, 3) @ cell
        images = [trial - p for p in points]
        if all(np.linalg.norm(d - np.round(d @ np.linalg.inv(cell)) @ cell) > 1.2 for d in images):
            points.append(trial)
    return np.array(points), cell, rng.integers(0, 3, n)


def molecules_in_a_box(
    rng: np.random.Generator, n_atoms: int, length: float, apart: float
) -> np.ndarray:
    """Diatomic molecules at random places of a periodic cube, `apart` Å from each other at least.

    Returns:
        Positions [n_atoms, 3] in Å; atoms 2 k and 2 k + 1 are 1.9 Å apart.
    """
    points = np.zeros((0, 3))
    while len(points) < n_atoms:
        axis = rng.normal(size=3)
        half = 0.95 * axis / np.linalg.norm(axis)
        molecule = rng.uniform(0, length, 3) + np.array([half, -half])
        between = points[:, None] - molecule
        between -= length * np.round(between / length)
        if not (np.sum(between**2, axis=-1) < apart**2).any():
            points = np.concatenate([points, molecule])
    return points


def gas_with_loners() -> Atoms:
    """A periodic box with a dense corner, a pair farther apart than any cutoff, and a lone atom."""
    rng = np.random.default_rng(6)
    grid = np.array(list(np.ndindex(3, 2, 2)), dtype=float) * 2.2 + 1.0
    points = grid + rng.normal(scale=0.15, size=grid.shape)
    loners = np.array([[18.0, 4.0, 4.0], [18.0, 4.0, 11.0], [26.0, 12.0, 11.0]])
    return Atoms(
        numbers=[*rng.choice([42, 16, 8], len(points)), 16, 16, 42],
        positions=np.concatenate([points, loners]),
        cell=[34.0, 18.0, 18.0],
        pbc=True,
    )


def evaluate(
    student: Student, points: Any, cell: Any, species: Any, pbc: Any = True
) -> tuple[float, Any, Any]:
    """Energy, forces, strain derivative as numbers."""
    edge_index, edge_vec = neighbor_list(points, cell, pbc, student.cutoff)
    e, f, w = energy_and_forces(
        student,
        torch.as_tensor(species),
        torch.as_tensor(edge_index),
        torch.as_tensor(edge_vec),
    )
    return float(e[0]), f.numpy(), w[0].numpy()


def visited_cluster(student: Student, gap: float) -> tuple[float, Any]:
    """Energy and forces of three atoms and a fourth that is within `gap` of one's cutoff."""
    points = [[0.0, 0, 0], [1.5, 0.3, 0.0], [0.4, 1.6, 0.5], [gap - student.cutoff, 0, 0]]
    energy, forces, _ = evaluate(
        student, np.array(points), np.zeros((3, 3)), np.array([0, 1, 2, 1]), False
    )
    return energy, forces
