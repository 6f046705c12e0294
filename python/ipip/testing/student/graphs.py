"""Structures as inputs of a student, and its results."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from torch import Tensor, nn

from ipip.graph import neighbor_list, species_index
from ipip.models import Student
from ipip.network import energy_and_forces
from ipip.network.forces import atomic_energies_and_forces
from ipip.physics.laws.evaluation import Evaluate, Evaluation


@dataclasses.dataclass(frozen=True)
class Graph:
    """Atoms of one or more frames, and their pairs.

    Attributes:
        species: [n] index into the student's symbols.
        edge_index: [2, n_edges] receiving atom, neighbour.
        edge_vec: [n_edges, 3] Å, float64.
        frame_of_atom: [n] frame that each atom belongs to.
        n_frames: number of frames.
    """

    species: Tensor
    edge_index: Tensor
    edge_vec: Tensor
    frame_of_atom: Tensor
    n_frames: int = 1

    def __len__(self) -> int:
        return len(self.species)


def graph_of(student: Student, structures: Sequence[Atoms]) -> Graph:
    """Join structures to one graph."""
    species, edges, vectors, frames, offset = [], [], [], [], 0
    for index, atoms in enumerate(structures):
        edge_index, edge_vec = neighbor_list(
            atoms.positions, atoms.cell.array, atoms.pbc, student.cutoff
        )
        species.append(species_index(atoms.numbers, student.symbols))
        edges.append(edge_index + offset)
        vectors.append(edge_vec)
        frames.append(np.full(len(atoms), index))
        offset += len(atoms)
    return Graph(
        torch.as_tensor(np.concatenate(species)),
        torch.as_tensor(np.concatenate(edges, axis=1)),
        torch.as_tensor(np.concatenate(vectors)),
        torch.as_tensor(np.concatenate(frames)),
        len(structures),
    )


def potential(student: Student, network: nn.Module | None = None) -> Evaluate:
    """Return an evaluator by a student, or by another network with the same arguments."""
    module = student if network is None else network

    def evaluate(atoms: Atoms) -> Evaluation:
        graph = graph_of(student, [atoms])
        energies, forces, strain = atomic_energies_and_forces(
            module, graph.species, graph.edge_index, graph.edge_vec
        )
        stress = strain[0].numpy() / atoms.get_volume() if atoms.pbc.all() else None
        return Evaluation(float(energies.sum()), forces.numpy(), stress, energies.numpy())

    return evaluate


def trainable(student: Student, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    """Return energies [n_frames], forces [n, 3] and strain derivatives for a loss."""
    return energy_and_forces(
        student,
        graph.species,
        graph.edge_index,
        graph.edge_vec,
        graph.frame_of_atom,
        graph.n_frames,
        create_graph=True,
    )


def pair_of(student: Student, distance: float) -> Atoms:
    """Return an isolated pair of the first two elements (or of the only one) along z."""
    symbols = [student.symbols[0], student.symbols[1 % len(student.symbols)]]
    return Atoms(symbols, [[0.0, 0, 0], [0, 0, distance]])
