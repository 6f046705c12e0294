"""Energies, forces and features of many frames, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch_geometric.data import Batch, Data

from ipip.data.dataset import GraphDataset
from ipip.data.frame import Frame
from ipip.models import Student
from ipip.train.frozen import frozen_weights
from ipip.train.kernels import Kernels, batch_arguments, energy_forces_of

MAX_EDGES = 12_000  # per-edge tensors of a batch then stay in the caches
GRAPHS_AT_ONCE = 512


def predict(
    student: Student,
    frames: Sequence[Frame],
    batch_size: int = 64,
    *,
    max_edges: int = MAX_EDGES,
    kernels: Kernels = "auto",
) -> list[Frame]:
    """Label frames with a student.

    Args:
        student: the student, on any device; it is left as it is.
        frames: configurations; their own labels are ignored.
        batch_size: frames in a batch at most.
        max_edges: edges in a batch at most (one larger frame makes a batch of its own).
        kernels: what evaluates the student, as in training: auto, kernels or eager.

    Returns:
        The same frames in the same order with the student's energy (eV), forces (eV/Å) and, where
        the cell has a volume and is periodic in all directions, stress (eV/Å^3); info is kept.

    Raises:
        InputError: an element that the student does not know.
    """
    labelled: list[Frame] = []
    device = next(student.parameters()).device
    evaluate = energy_forces_of(student, kernels)
    with frozen_weights(student):
        for start, batch in graph_batches(student, frames, batch_size, max_edges):
            batch = batch.to(device)
            energy, forces, strain = evaluate(*batch_arguments(batch), create_graph=False)
            sizes = batch.n_atoms.tolist()
            own_forces = np.split(forces.cpu().numpy(), np.cumsum(sizes)[:-1])
            virials = strain.cpu().numpy()
            for index, value in enumerate(energy.cpu().tolist()):
                frame = frames[start + index]
                stress = None
                if frame.pbc.all() and frame.volume > 0:
                    stress = (virials[index] + virials[index].T) / (2.0 * frame.volume)
                labelled.append(
                    frame.replace(energy=value, forces=own_forces[index].copy(), stress=stress)
                )
    return labelled


def frame_features(
    student: Student, frames: Sequence[Frame], batch_size: int = 64
) -> npt.NDArray[np.float64]:
    """Describe frames by a student's final atomic features, for the choice of diverse frames.

    Args:
        student: the student.
        frames: configurations.
        batch_size: frames in a batch at most.

    Returns:
        [n_frames, 2 F]: mean over the atoms, then the largest over the atoms, of each feature.
    """
    rows: list[npt.NDArray[np.float64]] = []
    device = next(student.parameters()).device
    with frozen_weights(student), torch.no_grad():
        for _, batch in graph_batches(student, frames, batch_size, MAX_EDGES):
            batch = batch.to(device)
            atoms = student.features(
                batch.species, batch.edge_index, batch.edge_vec, batch.species.shape[0]
            )
            frames_atoms = torch.split(atoms.double().cpu(), batch.n_atoms.tolist())
            rows.extend(torch.cat([own.mean(0), own.amax(0)]).numpy() for own in frames_atoms)
    if not rows:
        return np.zeros((0, 0))
    return np.stack(rows)


def edge_bounded(
    graphs: Iterable[Data], batch_size: int, max_edges: int = MAX_EDGES
) -> Iterator[tuple[int, list[Data]]]:
    """Cut graphs, in order, into lists of at most `batch_size` graphs and `max_edges` edges.

    Yields:
        Index of the first graph, and the graphs.
    """
    first, chosen, edges = 0, list[Data](), 0
    for index, graph in enumerate(graphs):
        own = graph.edge_index.shape[1]
        if chosen and (len(chosen) >= batch_size or edges + own > max_edges):
            yield first, chosen
            first, chosen, edges = index, [], 0
        chosen.append(graph)
        edges += own
    if chosen:
        yield first, chosen


def graph_batches(
    student: Student, frames: Sequence[Frame], batch_size: int, max_edges: int
) -> Iterator[tuple[int, Batch]]:
    """Yield batches of graphs and the index of their first frame.

    Graphs are built a part at a time, so that long lists of frames need little memory; `batch_size`
    and `max_edges` as in `predict`.
    """
    for start in range(0, len(frames), GRAPHS_AT_ONCE):
        part = GraphDataset(frames[start : start + GRAPHS_AT_ONCE], student.symbols, student.cutoff)
        for first, graphs in edge_bounded(part.graphs, batch_size, max_edges):
            yield start + first, Batch.from_data_list(graphs)
