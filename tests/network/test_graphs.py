"""Graphs of frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ipip.data import Frame
from ipip.errors import InputError
from ipip.network import GraphDataset, dataset
from ipip.network.graph import join_graphs

SYMBOLS = ["O", "S", "Mo"]


def test_graphs_batch_with_shifted_edges_and_mask_absent_labels(frames: list[Frame]) -> None:
    frames[1] = frames[1].replace(stress=None)
    graphs = GraphDataset(frames[:2], SYMBOLS, 4.0)
    batch = join_graphs([graphs[0], graphs[1]])
    n = len(frames[0])
    assert batch.species.tolist()[:3] == [2, 1, 0]
    own = graphs[0].edge_index.shape[1]
    assert torch.equal(batch.edge_index[:, own:], graphs[1].edge_index + n)
    assert batch.stress.shape == (2, 3, 3) and batch.stress_weight.tolist() == [1.0, 0.0]
    assert batch.energy.dtype == batch.edge_vec.dtype == torch.float64
    assert batch.energy.tolist() == [frames[0].energy, frames[1].energy]
    assert batch.n_atoms.tolist() == [len(frames[0]), len(frames[1])]


def test_foreign_elements_and_impossible_cells_name_the_frame(frames: list[Frame]) -> None:
    with pytest.raises(InputError, match=r"Mo \(first in frame 0\) is not among"):
        GraphDataset(frames, ["O", "S"], 4.0)
    flat = frames[1].replace(cell=np.zeros((3, 3)), pbc=np.ones(3, bool))
    with pytest.raises(InputError, match=r"frame 1: .*periodic"):
        GraphDataset([frames[0], flat], SYMBOLS, 4.0)


def test_graphs_are_built_on_request_and_kept_while_there_is_room(
    frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[int] = []
    search = dataset.neighbor_list

    def counted(positions: np.ndarray, *rest: object) -> object:
        built.append(len(positions))
        return search(positions, *rest)

    monkeypatch.setattr(dataset, "neighbor_list", counted)
    graphs = GraphDataset(frames, SYMBOLS, 4.0)
    assert built == []
    first = graphs[2]
    assert built == [len(frames[2])] and graphs[2] is first
    room = sum(value.nbytes for value in first.tensors.values())
    small = GraphDataset([frames[2]] * 3, SYMBOLS, 4.0, cache_mb=1.5 * room / dataset.MEGABYTE)
    built.clear()
    for _ in range(2):
        assert [graph.energy.item() for graph in small] == [frames[2].energy] * 3
    assert len(built) == 5  # the first is kept, two are built each time


def test_a_padding_has_the_shape_of_a_graph_and_no_label_that_counts(frames: list[Frame]) -> None:
    graphs = GraphDataset(frames, SYMBOLS, 4.0)
    padding = graphs[-1 - 2]
    assert torch.equal(padding.edge_vec, graphs[2].edge_vec)
    for name in ("weight", "energy_weight", "forces_weight", "stress_weight"):
        assert padding.tensors[name].tolist() == [0.0]
        assert graphs[2].tensors[name].tolist() == [1.0]
