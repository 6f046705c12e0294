"""Graphs, digests and statistics of frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from ipip.data import Frame, GraphDataset, dataset, frames_digest, statistics
from ipip.errors import InputError

SYMBOLS = ["O", "S", "Mo"]


def test_graphs_batch_with_shifted_edges_and_mask_absent_labels(frames: list[Frame]) -> None:
    frames[1] = frames[1].replace(stress=None)
    graphs = GraphDataset(frames[:2], SYMBOLS, 4.0)
    batch = Batch.from_data_list([graphs[0], graphs[1]])
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


def test_the_digest_follows_every_label_but_not_info(frames: list[Frame]) -> None:
    digest = frames_digest(frames)
    assert frames_digest([f.replace(info={}) for f in frames]) == digest
    assert frames_digest(frames[::-1]) != digest
    for change in (
        {"energy": 0.0},
        {"forces": None},
        {"positions": frames[0].positions + 1e-12},
        {"pbc": ~frames[0].pbc},
        {"weight": 2.0},
    ):
        assert frames_digest([frames[0].replace(**change), *frames[1:]]) != digest


def test_statistics_of_a_dimer() -> None:
    pair = Frame(
        np.array([8, 16]),
        np.array([[0.0, 0, 0], [1.5, 0, 0]]),
        np.zeros((3, 3)),
        np.zeros(3, bool),
        energy=-4.0,
        forces=np.array([[3.0, 4, 0], [-3.0, -4, 0]]),
    )
    far = pair.replace(positions=pair.positions * 10, info={"config_type": "far"})
    s = statistics([pair, far], 5.0)
    assert (s.frames, s.atoms, s.elements) == (2, 4, {"O": 2, "S": 2})
    assert (s.neighbours_mean, s.neighbours_max, s.shortest) == (0.5, 1, 1.5)
    assert (s.force_rms, s.force_max, s.energy_range) == (5.0, 5.0, (-2.0, -2.0))
    assert s.config_types == {"-": 1, "far": 1}


def test_graphs_are_built_when_asked_for_and_kept_while_there_is_room(
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
    room = sum(value.nbytes for value in first.to_dict().values() if torch.is_tensor(value))
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
        assert padding[name].tolist() == [0.0] and graphs[2][name].tolist() == [1.0]
