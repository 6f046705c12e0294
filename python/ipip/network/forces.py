"""Energy, forces and virial of a batch of frames from the gradients on pair vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def energy_and_forces(
    student: nn.Module,
    species: Tensor,
    edge_index: Tensor,
    edge_vec: Tensor,
    frame_of_atom: Tensor | None = None,
    n_frames: int = 1,
    *,
    create_graph: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Evaluate a student on whole systems (no halo atoms).

    With $g_e = \partial E/\partial r_e$ on pair vectors $r_e = r_j - r_i$:
    $F_i = \sum_{e: i} g_e - \sum_{e: j=i} g_e$, and the strain derivative is
    $\partial E/\partial\epsilon = \sum_e r_e \otimes g_e$ (stress = this / volume, ASE's sign).

    Args:
        student: the student (`ipip.models.Student`); heads are averaged.
        species: [n] index into the student's symbols.
        edge_index: [2, n_edges] receiving atom, neighbour.
        edge_vec: [n_edges, 3] Å.
        frame_of_atom: [n] frame that each atom belongs to; None for one frame.
        n_frames: number of frames.
        create_graph: keep the graph so that forces can be trained on.

    Returns:
        energy [n_frames] eV, forces [n, 3] eV/Å, strain derivative [n_frames, 3, 3] eV; float64.
    """
    atomic, forces, strain = atomic_energies_and_forces(
        student, species, edge_index, edge_vec, frame_of_atom, n_frames, create_graph=create_graph
    )
    if frame_of_atom is None:
        frame_of_atom = torch.zeros(len(species), dtype=torch.int64, device=species.device)
    return atomic.new_zeros(n_frames).index_add(0, frame_of_atom, atomic), forces, strain


def atomic_energies_and_forces(
    student: nn.Module,
    species: Tensor,
    edge_index: Tensor,
    edge_vec: Tensor,
    frame_of_atom: Tensor | None = None,
    n_frames: int = 1,
    *,
    create_graph: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Evaluate a student as `energy_and_forces`, but return the energy of each atom, [n] eV."""
    n = species.shape[0]
    if frame_of_atom is None:
        frame_of_atom = torch.zeros(n, dtype=torch.int64, device=species.device)
    pairs = edge_vec.detach().requires_grad_(True)
    with torch.enable_grad():
        atomic = student(species, edge_index, pairs, n).mean(-1)
        (g,) = torch.autograd.grad(atomic.sum(), pairs, create_graph=create_graph)
    g = g.to(torch.float64)
    receiver, neighbour = edge_index[0], edge_index[1]
    forces = g.new_zeros(n, 3).index_add(0, receiver, g).index_add(0, neighbour, -g)
    outer = edge_vec.to(torch.float64).unsqueeze(2) * g.unsqueeze(1)
    strain = g.new_zeros(n_frames, 3, 3).index_add(0, frame_of_atom[receiver], outer)
    return atomic if create_graph else atomic.detach(), forces, strain
