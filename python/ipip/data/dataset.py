"""Frames as PyTorch Geometric graphs with edges found once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset
from torch_geometric.data import Data

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.graph.species import species_index


class GraphDataset(Dataset[Data]):
    """Graphs of fixed frames.

    Each item has `species` [n], `edge_index` [2, n_edges], `edge_vec` [n_edges, 3] Å,
    `volume` [1] Å^3 (0 where there is none), and, where the frame has them, labels in float64:
    `energy` [1] eV, `forces` [n, 3] eV/Å, `stress` [1, 3, 3] eV/Å^3. Absent labels are zero;
    `energy_weight`, `forces_weight`, `stress_weight` [1] are then 0, else 1.

    Args:
        frames: the frames.
        symbols: elements of the student.
        cutoff: Å.

    Raises:
        InputError: an element that is not in `symbols`, or an impossible cell; says which frame.
    """

    def __init__(self, frames: Sequence[Frame], symbols: Sequence[str], cutoff: float) -> None:
        check_elements(frames, symbols)
        self.graphs = [_graph(index, frame, symbols, cutoff) for index, frame in enumerate(frames)]

    def __len__(self) -> int:
        return len(self.graphs)

    def __getitem__(self, index: int) -> Data:
        return self.graphs[index]


def _graph(index: int, frame: Frame, symbols: Sequence[str], cutoff: float) -> Data:
    try:
        edge_index, edge_vec = neighbor_list(frame.positions, frame.cell, frame.pbc, cutoff)
    except InputError as error:
        raise InputError(f"frame {index}: {error}") from None
    n = len(frame)
    forces = np.zeros((n, 3)) if frame.forces is None else frame.forces
    stress = np.zeros((3, 3)) if frame.stress is None else frame.stress

    def weight(label: object) -> torch.Tensor:
        return torch.tensor([0.0 if label is None else 1.0], dtype=torch.float64)

    return Data(
        num_nodes=n,
        species=torch.from_numpy(species_index(frame.numbers, symbols)),
        edge_index=torch.from_numpy(edge_index),
        edge_vec=torch.from_numpy(edge_vec),
        n_atoms=torch.tensor([n]),
        volume=torch.tensor([frame.volume], dtype=torch.float64),
        energy=torch.tensor([frame.energy or 0.0], dtype=torch.float64),
        forces=torch.from_numpy(np.array(forces, dtype=np.float64)),
        stress=torch.from_numpy(np.array(stress, dtype=np.float64)).unsqueeze(0),
        energy_weight=weight(frame.energy),
        forces_weight=weight(frame.forces),
        stress_weight=weight(frame.stress),
    )
