"""Frames as PyTorch Geometric graphs whose edges are found when a graph is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset
from torch_geometric.data import Data

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.graph.neighbors import check_apart
from ipip.graph.species import species_index

MEGABYTE = 1 << 20


class GraphDataset(Dataset[Data]):
    """Graphs of fixed frames, built when they are asked for and kept while the memory allows.

    Each item has `species` [n], `edge_index` [2, n_edges], `edge_vec` [n_edges, 3] Å,
    `volume` [1] Å^3 (0 where there is none), and, where the frame has them, labels in float64:
    `energy` [1] eV, `forces` [n, 3] eV/Å, `stress` [1, 3, 3] eV/Å^3. Absent labels are zero;
    `energy_weight`, `forces_weight`, `stress_weight` [1] are then 0, else 1. `weight` [1] is the
    frame's weight in the loss times that of its kind.

    A negative index -1 - k is a padding: the graph of frame k with no label that counts.

    Args:
        frames: a list, or a store that is read as needed.
        symbols: elements of the student.
        cutoff: Å.
        kind_weights: weight of each `config_type`; 1 for those it does not name.
        cache_mb: megabytes of graphs that are kept; the others are built anew each time.

    Attributes:
        extras: gives further tensors of a frame, by its index; a batch joins them along their
            first axis. None: there are none.

    Raises:
        InputError: an element that is not in `symbols`, or an impossible cell; says which frame.
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
        self._cache: dict[int, Data] = {}

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Data:
        if index < 0:
            return _padding(self[-1 - index])
        graph = self._cache.get(index)
        if graph is None:
            graph = self._build(self.frames[index])
            if self.extras is not None:
                graph.update(self.extras(index))
            size = sum(value.nbytes for value in graph.to_dict().values() if torch.is_tensor(value))
            if size <= self._room:
                self._room -= size
                self._cache[index] = graph
        return graph

    def __iter__(self) -> Iterator[Data]:
        return (self[index] for index in range(len(self)))

    @property
    def graphs(self) -> list[Data]:
        """All graphs, in the order of the frames."""
        return list(self)

    def _build(self, frame: Frame) -> Data:
        edge_index, edge_vec = neighbor_list(frame.positions, frame.cell, frame.pbc, self.cutoff)
        n = len(frame)
        forces = np.zeros((n, 3)) if frame.forces is None else frame.forces
        stress = np.zeros((3, 3)) if frame.stress is None else frame.stress
        kind = config_type_of(frame)
        return Data(
            num_nodes=n,
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


def _padding(graph: Data) -> Data:
    empty = graph.clone()
    for name in ("energy_weight", "forces_weight", "stress_weight", "weight"):
        empty[name] = torch.zeros_like(graph[name])
    return empty
