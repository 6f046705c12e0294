"""A system cut into ranks that exchange halo rows, each rank a thread of this process.

All ranks share one autograd graph, so that one backward pass goes through the exchanges.
"""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ipip.models import Student


class Ranks:
    """Atoms dealt to ranks; a rank holds the edges that its own atoms receive.

    Args:
        student: the student that every rank runs.
        species, edge_index, edge_vec: the whole system.
        owner: [n] rank of each atom.
        n_ranks: number of ranks; some may have no atoms.
    """

    def __init__(
        self,
        student: Student,
        species: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        owner: Any,
        n_ranks: int,
    ) -> None:
        self.student = student
        self.species, self.edge_index, self.edge_vec = species, edge_index, edge_vec
        self.own = [np.flatnonzero(owner == rank) for rank in range(n_ranks)]
        self.edges = [
            np.flatnonzero(owner[edge_index[0].numpy()] == rank) for rank in range(n_ranks)
        ]
        self.halo = [
            np.setdiff1d(edge_index[1].numpy()[edges], own)
            for own, edges in zip(self.own, self.edges, strict=True)
        ]
        self.place = np.empty((len(owner), 2), dtype=int)  # rank and row of each atom
        for rank, own in enumerate(self.own):
            self.place[own] = np.stack([np.full(len(own), rank), np.arange(len(own))], axis=1)
        self.barrier = threading.Barrier(n_ranks, timeout=30)
        self.slots: dict[int, Tensor] = {}
        self.mine = threading.local()

    def atomic_energies(self, monkeypatch: pytest.MonkeyPatch) -> Tensor:
        """Run all ranks; return the energies [n, n_heads] in the order of the whole system."""
        monkeypatch.setattr(inspect.getmodule(type(self.student)), "halo_exchange", self._exchange)
        with ThreadPoolExecutor(len(self.own)) as pool:
            parts = list(pool.map(self._run, range(len(self.own))))
        return torch.cat(parts)[np.argsort(np.concatenate(self.own))]

    def _run(self, rank: int) -> Tensor:
        self.mine.rank = rank
        rows = np.concatenate([self.own[rank], self.halo[rank]])
        row_of = np.empty(len(self.place), dtype=int)
        row_of[rows] = np.arange(len(rows))
        edges = self.edge_index[:, self.edges[rank]]
        return self.student(
            self.species[rows],
            torch.as_tensor(row_of[edges.numpy()]).reshape(2, -1),
            self.edge_vec[self.edges[rank]],
            len(self.own[rank]),
        )

    def _exchange(self, rows: Tensor) -> Tensor:
        rank = self.mine.rank
        self.slots[rank] = rows
        self.barrier.wait()
        remote = [self.slots[owner][row] for owner, row in self.place[self.halo[rank]]]
        self.barrier.wait()
        return torch.cat([rows, torch.stack(remote)]) if remote else rows
