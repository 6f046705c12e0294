"""Rows of remote atoms: a system on several ranks gives the results of the whole one.

The ranks are threads of this process that share one autograd graph, so that one backward pass
includes their exchanges.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch
from ase import Atoms
from torch import Tensor

from ipip.models import Student, halo
from ipip.native import core
from ipip.physics.laws.evaluation import require_close
from ipip.physics.laws.precision import FLOAT64
from ipip.physics.laws.structures import packed_box
from ipip.testing.checks import ContractError
from ipip.testing.student.graphs import Graph, graph_of, pair_of

Exchange = Callable[[Tensor], Tensor]
LONGEST_WAIT = 30.0  # s, for a rank to wait for the others


@contextmanager
def exchanging(exchange: Exchange) -> Iterator[None]:
    """Replace `ipip.models.halo.halo_exchange` by this function wherever it was imported."""
    original = halo.halo_exchange
    holders = [
        module
        for module in list(sys.modules.values())
        if getattr(module, "__dict__", {}).get("halo_exchange") is original
    ]
    for module in holders:
        module.__dict__["halo_exchange"] = exchange
    try:
        yield
    finally:
        for module in holders:
            module.__dict__["halo_exchange"] = original


def as_halo_rows(atoms: Atoms, graph: Graph) -> tuple[Tensor, Tensor, list[int]]:
    """Add a row for each periodic image, as for remote atoms on a rank.

    Returns:
        The pairs' rows [2, n_edges], the local atom that each row shows, and the owners of the rows
        after the local ones.
    """
    edges, vectors = graph.edge_index.numpy(), graph.edge_vec.numpy()
    points, inverse = atoms.positions, np.linalg.inv(atoms.cell.array)
    shifts = np.rint((vectors - points[edges[1]] + points[edges[0]]) @ inverse).astype(int)
    rows: dict[tuple[int, ...], int] = {}
    neighbours = []
    for j, image in zip(edges[1].tolist(), shifts.tolist(), strict=True):
        fresh = len(points) + len(rows)
        neighbours.append(rows.setdefault((j, *image), fresh) if any(image) else j)
    owners = [image[0] for image in rows]
    shown = torch.tensor([*range(len(points)), *owners])
    return torch.as_tensor(np.stack([edges[0], neighbours])), shown, owners


def _require_same_gradients(
    what: str, found: Tensor, expected: Tensor, vectors: tuple[Tensor, Tensor]
) -> None:
    """Compare atomic energies [n, n_heads], and the gradients of their squares on pair vectors."""
    bound = FLOAT64.equality * max(1.0, float(expected.detach().abs().max()))
    require_close(
        f"{what} energy of atom", found.detach().numpy(), expected.detach().numpy(), bound, "eV"
    )
    slopes = [
        torch.autograd.grad((energies**2).sum(), vector)[0].numpy()
        for energies, vector in zip((found, expected), vectors, strict=True)
    ]
    bound = FLOAT64.equality * max(1e-3, float(np.abs(slopes[1]).max()))
    require_close(f"{what} gradient on pair", slopes[0], slopes[1], bound, "eV^2/Å")


def halo_rows_count_as_their_owners(student: Student) -> None:
    """Neighbours in halo rows, filled by the exchange, count as their owners."""
    atoms = packed_box(student.symbols)
    graph = graph_of(student, [atoms])
    whole, parted = (graph.edge_vec.clone().requires_grad_(True) for _ in range(2))
    one = student(graph.species, graph.edge_index, whole, len(graph))
    rows, shown, owners = as_halo_rows(atoms, graph)
    if not owners:
        raise ContractError(f"the cutoff of {student.cutoff} Å reaches no periodic image")
    with core.GatherHalo(len(graph), owners):
        many = student(graph.species[shown], rows, parted, len(graph))
    _require_same_gradients("with halo rows, the", many, one, (parted, whole))


def any_number_of_ranks_gives_the_same(student: Student, n_ranks: int) -> None:
    """Atoms are distributed over ranks at random; of several ranks the last one has none."""
    graph = graph_of(student, [packed_box(student.symbols)])
    vectors = graph.edge_vec.clone().requires_grad_(True)
    owner = np.random.default_rng(5).integers(0, max(1, n_ranks - 1), len(graph))
    one = student(graph.species, graph.edge_index, vectors, len(graph))
    ranks = _Ranks(student, graph, vectors, owner, n_ranks)
    with exchanging(ranks.exchange):
        many = ranks.atomic_energies()
    _require_same_gradients(f"on {n_ranks} ranks, the", many, one, (vectors, vectors))


def halo_widths_are_those_of_the_exchanges(student: Student) -> None:
    """`halo_widths` states what each call of `halo_exchange` sends, in order."""
    widths: list[int] = []

    def exchange(rows: Tensor) -> Tensor:
        widths.append(int(rows.shape[1]))
        return rows

    graph = graph_of(student, [pair_of(student, 2.0)])
    with exchanging(exchange), torch.no_grad():
        student(graph.species, graph.edge_index, graph.edge_vec, len(graph))
    if widths != student.halo_widths:
        raise ContractError(
            f"halo_exchange was called with rows of {widths} numbers, but halo_widths states "
            f"{student.halo_widths}"
        )
    if len(widths) != student.layers - 1:
        raise ContractError(
            f"halo_exchange was called {len(widths)} times in {student.layers} layers; expected "
            "one call between each two layers"
        )


class _Ranks:
    """Atoms distributed over ranks; a rank holds the pairs with its atoms as receivers.

    Args:
        student: of every rank.
        graph: the whole system.
        edge_vec: [n_edges, 3] its pair vectors, with a gradient.
        owner: [n] rank of each atom.
        n_ranks: number of ranks.
    """

    def __init__(
        self, student: Student, graph: Graph, edge_vec: Tensor, owner: np.ndarray, n_ranks: int
    ) -> None:
        self._student, self._graph, self._edge_vec = student, graph, edge_vec
        receivers, neighbours = graph.edge_index.numpy()
        self._local = [np.flatnonzero(owner == rank) for rank in range(n_ranks)]
        self._edges = [np.flatnonzero(owner[receivers] == rank) for rank in range(n_ranks)]
        self._remote = [
            np.setdiff1d(neighbours[edges], local)
            for local, edges in zip(self._local, self._edges, strict=True)
        ]
        self._place = np.empty((len(owner), 2), dtype=int)  # rank and row of each atom
        for rank, local in enumerate(self._local):
            self._place[local] = np.stack([np.full(len(local), rank), np.arange(len(local))], 1)
        self._barrier = threading.Barrier(n_ranks, timeout=LONGEST_WAIT)
        self._rows: dict[int, Tensor] = {}
        self._mine = threading.local()

    def atomic_energies(self) -> Tensor:
        """Run all ranks; return the energies [n, n_heads] in the order of the whole system."""
        with ThreadPoolExecutor(len(self._local)) as pool:
            parts = list(pool.map(self._run, range(len(self._local))))
        return torch.cat(parts)[np.argsort(np.concatenate(self._local))]

    def exchange(self, rows: Tensor) -> Tensor:
        """Append the rows of this rank's remote atoms; all ranks must call it."""
        rank: int = self._mine.rank
        self._rows[rank] = rows
        self._barrier.wait()
        remote = [self._rows[owner][row] for owner, row in self._place[self._remote[rank]]]
        self._barrier.wait()
        return torch.cat([rows, torch.stack(remote)]) if remote else rows

    def _run(self, rank: int) -> Tensor:
        self._mine.rank = rank
        rows = np.concatenate([self._local[rank], self._remote[rank]])
        row_of = np.empty(len(self._place), dtype=int)
        row_of[rows] = np.arange(len(rows))
        edges = self._graph.edge_index.numpy()[:, self._edges[rank]]
        energies: Tensor = self._student(
            self._graph.species[rows],
            torch.as_tensor(row_of[edges]).reshape(2, -1),
            self._edge_vec[self._edges[rank]],
            len(self._local[rank]),
        )
        return energies
