"""Frames as graphs whose edges are computed on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.graph.neighbors import check_apart
from ipip.graph.species import species_index
from ipip.network.graph import Graph

MEGABYTE = 1 << 20


class GraphDataset(Dataset[Graph]):
    """Graphs of fixed frames, built on demand and cached while memory allows.

    Each item has `species` [n], `edge_index` [2, n_edges], `edge_vec` [n_edges, 3] Å,
    `volume` [1] Å^3 (0 if there is none), and, if the frame has them, labels in float64:
    `energy` [1] eV, `forces` [n, 3] eV/Å, `stress` [1, 3, 3] eV/Å^3. Absent labels are zero;
    `energy_weight`, `forces_weight`, `stress_weight` [1] are then 0, else 1. `weight` [1] is the
    frame's weight in the loss times that of its kind.

    A negative index -1 - k is a padding: the graph of frame k with no label that counts.

    Args:
        frames: a list, or a store that is read as needed.
        symbols: elements of the student.
        cutoff: Å.
        kind_weights: weight of each `config_type`; 1 for others.
        cache_mb: megabytes of cached graphs; others are rebuilt each time.

    Attributes:
        extras: returns additional tensors of a frame, by its index; a batch joins them along
            their first axis. None: no additional tensors.

    Raises:
        InputError: an element that is not in `symbols`, or an impossible cell; names the frame.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        symbols: Sequence[str],
        cutoff: float,
        *,
        kind_weights: Mapping[str, float] | None = None,
        cache_mb: float = float("inf"),
    ) -> None:
        check_elements(frames, symbols)
        for index, frame in enumerate(frames):
            try:
                check_apart(frame.positions, frame.cell, frame.pbc)
            except InputError as error:
                raise InputError(f"frame {index}: {error}") from None
        self.frames = frames
        self.symbols = list(symbols)
        self.cutoff = cutoff
        self.kind_weights = dict(kind_weights or {})
        self.extras: Callable[[int], dict[str, torch.Tensor]] | None = None
        self._room = cache_mb * MEGABYTE
        self._cache: dict[int, Graph] = {}

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Graph:
        if index < 0:
            return _padding(self[-1 - index])
        graph = self._cache.get(index)
        if graph is None:
            graph = self._build(self.frames[index])
            if self.extras is not None:
                graph = graph.with_tensors(**self.extras(index))
            size = graph.nbytes
            if size <= self._room:
                self._room -= size
                self._cache[index] = graph
        return graph

    def __iter__(self) -> Iterator[Graph]:
        return (self[index] for index in range(len(self)))

    @property
    def graphs(self) -> list[Graph]:
        """All graphs, in the order of the frames."""
        return list(self)

    def _build(self, frame: Frame) -> Graph:
        edge_index, edge_vec = neighbor_list(frame.positions, frame.cell, frame.pbc, self.cutoff)
        n = len(frame)
        forces = np.zeros((n, 3)) if frame.forces is None else frame.forces
        stress = np.zeros((3, 3)) if frame.stress is None else frame.stress
        kind = config_type_of(frame)
        return Graph(
            species=torch.from_numpy(species_index(frame.numbers, self.symbols)),
            edge_index=torch.from_numpy(edge_index),
            edge_vec=torch.from_numpy(edge_vec),
            n_atoms=torch.tensor([n]),
            volume=_number(frame.volume),
            energy=_number(frame.energy or 0.0),
            forces=torch.from_numpy(np.array(forces, dtype=np.float64)),
            stress=torch.from_numpy(np.array(stress, dtype=np.float64)).unsqueeze(0),
            energy_weight=_number(frame.energy is not None),
            forces_weight=_number(frame.forces is not None),
            stress_weight=_number(frame.stress is not None),
            weight=_number(frame.weight * self.kind_weights.get(kind, 1.0)),
        )


def _number(value: float) -> torch.Tensor:
    return torch.tensor([float(value)], dtype=torch.float64)


def _padding(graph: Graph) -> Graph:
    names = ("energy_weight", "forces_weight", "stress_weight", "weight")
    return graph.with_tensors(**{name: torch.zeros_like(graph.tensors[name]) for name in names})
