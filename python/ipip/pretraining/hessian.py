r"""Hessian distillation (Amin, Raja, Krishnapriyan, ICLR 2025, arXiv 2501.09009).

Besides energies and forces the student learns rows of the teacher's energy Hessian: the loss adds

    weight * mean over drawn rows J of |H_student[J] - H_teacher[J]|^2 / (3 n)        (their Eq. 4)

A row belongs to one Cartesian coordinate J = (atom, axis). Teacher rows are central differences of
its forces, two evaluations a row, so any teacher can be distilled and the cost is known.

i, j: atoms, a, b: axes, k: drawn rows of a frame, e: pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ipip.data import Frame
from ipip.errors import IpipError
from ipip.network.graph import Graph

FloatArray = npt.NDArray[np.float64]
Coordinates = npt.NDArray[np.int64]
STEP = 5e-3  # Å; forces of foundation potentials in float32 carry about 1e-6 eV/Å of noise


def draw_coordinates(n_atoms: int, count: int, seed: int) -> Coordinates:
    """Draw coordinates of one frame without repetition.

    Args:
        n_atoms: atoms of the frame.
        count: how many; at most 3 n_atoms are returned.
        seed: of the draw.

    Returns:
        [count, 2] atom and axis.
    """
    total = 3 * n_atoms
    chosen = np.random.default_rng(seed).choice(total, size=min(count, total), replace=False)
    return np.stack([chosen // 3, chosen % 3], axis=1).astype(np.int64)


def teacher_rows(
    frames: Sequence[Frame],
    coordinates: Sequence[Coordinates],
    label: Callable[[list[Frame]], list[Frame]],
    step: float = STEP,
) -> list[FloatArray]:
    """Return rows of the teacher's Hessian by central differences of its forces.

    Args:
        frames: configurations.
        coordinates: [k, 2] atom and axis of the rows of each frame.
        label: gives frames the teacher's forces, in order.
        step: displacement, Å.

    Returns:
        For each frame [k, n, 3] in eV/Å^2: row k holds d^2E / dR_k dR_jb.

    Raises:
        IpipError: the teacher gives no forces on a displaced frame.
    """
    displaced = [
        _moved(frame, atom, axis, sign * step)
        for frame, own in zip(frames, coordinates, strict=True)
        for atom, axis in own
        for sign in (1.0, -1.0)
    ]
    labelled = iter(label(displaced))
    rows = []
    for frame, own in zip(frames, coordinates, strict=True):
        derivatives = np.empty((len(own), len(frame), 3))
        for number in range(len(own)):
            ahead, behind = next(labelled).forces, next(labelled).forces
            if ahead is None or behind is None:
                raise IpipError("the teacher gives no forces on a displaced frame")
            derivatives[number] = -(ahead - behind) / (2.0 * step)
        rows.append(derivatives)
    return rows


def _moved(frame: Frame, atom: int, axis: int, by: float) -> Frame:
    positions = frame.positions.copy()
    positions[atom, axis] += by
    return frame.replace(positions=positions, energy=None, forces=None, stress=None)


def student_rows(student: nn.Module, batch: Graph, atoms: Tensor, axes: Tensor) -> Tensor:
    """Return rows of the student's Hessian, differentiable with respect to its weights.

    Frames do not interact, so one backward pass gives the k-th row of all frames at once.

    Args:
        student: the student.
        batch: graphs of `ipip.network.GraphDataset`, batched.
        atoms: [n_frames, k] row of the atom in the batch.
        axes: [n_frames, k] 0, 1 or 2.

    Returns:
        [n_atoms, k, 3] in eV/Å^2: for atom j of a frame, d^2E / dR_k dR_jb with that frame's k.
    """
    n = batch.species.shape[0]
    pairs = batch.edge_vec.detach().requires_grad_(True)
    with torch.enable_grad():
        energy = student(batch.species, batch.edge_index, pairs, n).mean(-1).sum()
        (gradient,) = torch.autograd.grad(energy, pairs, create_graph=True)
        on_atoms = _on_atoms(gradient, batch.edge_index, n)  # dE/dR
        rows = []
        for k in range(atoms.shape[1]):
            chosen = on_atoms[atoms[:, k], axes[:, k]].sum()
            (second,) = torch.autograd.grad(chosen, pairs, create_graph=True, allow_unused=True)
            second = torch.zeros_like(pairs) if second is None else second
            rows.append(_on_atoms(second, batch.edge_index, n))
    return torch.stack(rows, dim=1)


def _on_atoms(on_pairs: Tensor, edge_index: Tensor, n: int) -> Tensor:
    """Turn derivatives by pair vectors r_j - r_i into derivatives by positions, [n, 3]."""
    own = on_pairs.to(torch.float64)
    zeros = own.new_zeros(n, 3)
    return zeros.index_add(0, edge_index[1], own).index_add(0, edge_index[0], -own)


def hessian_loss(rows: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of Hessian entries, (eV/Å^2)^2."""
    difference = rows - target
    return (difference * difference).mean()
