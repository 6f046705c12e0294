"""Batches of graphs, of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor

from ipip.data.frame import Frame
from ipip.models import Student
from ipip.network.dataset import GraphDataset
from ipip.network.graph import Graph, join_graphs

MAX_EDGES = 12_000  # per-edge tensors of a batch then stay in the caches
GRAPHS_AT_ONCE = 512


def batch_arguments(batch: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor, int]:
    """Return the arguments of `ipip.network.energy_and_forces` from a batch, after the student."""
    return batch.species, batch.edge_index, batch.edge_vec, batch.batch, batch.num_graphs


def edge_bounded(
    graphs: Iterable[Graph], batch_size: int, max_edges: int = MAX_EDGES
) -> Iterator[tuple[int, list[Graph]]]:
    """Cut graphs, in order, into lists of at most `batch_size` graphs and `max_edges` edges.

    Yields:
        Index of the first graph, and the graphs.
    """
    first, chosen, edges = 0, list[Graph](), 0
    for index, graph in enumerate(graphs):
        n_edges = graph.edge_index.shape[1]
        if chosen and (len(chosen) >= batch_size or edges + n_edges > max_edges):
            yield first, chosen
            first, chosen, edges = index, [], 0
        chosen.append(graph)
        edges += n_edges
    if chosen:
        yield first, chosen


def graph_batches(
    student: Student, frames: Sequence[Frame], batch_size: int, max_edges: int
) -> Iterator[tuple[int, Graph]]:
    """Yield batches of graphs and the index of their first frame.

    Graphs are built in parts, so that long lists of frames need little memory; `batch_size` and
    `max_edges` as in `edge_bounded`.
    """
    for start in range(0, len(frames), GRAPHS_AT_ONCE):
        part = GraphDataset(frames[start : start + GRAPHS_AT_ONCE], student.symbols, student.cutoff)
        for first, graphs in edge_bounded(part.graphs, batch_size, max_edges):
            yield start + first, join_graphs(graphs)
