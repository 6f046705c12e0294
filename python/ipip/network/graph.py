"""The tensors of one frame, or of several frames joined to one graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ipip.native import load_operators

load_operators()  # registers torch.ops.ipip.join_graphs


class Graph:
    """Tensors by name, as attributes.

    `ipip.network.GraphDataset` lists the names in a frame's graph. A joined graph also has `batch`
    [n], the frame of each atom.
    """

    def __init__(self, **tensors: Tensor) -> None:
        self.__dict__.update(tensors)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a graph without {name!r}; it has {', '.join(self.__dict__)}")

    @property
    def num_graphs(self) -> int:
        """Number of frames."""
        return len(self.n_atoms)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name."""
        return dict(self.__dict__)

    @property
    def nbytes(self) -> int:
        """Memory of all tensors."""
        return sum(value.nbytes for value in self.__dict__.values())

    def with_tensors(self, **tensors: Tensor) -> Graph:
        """Return this graph with additional or replaced tensors."""
        return Graph(**{**self.__dict__, **tensors})

    def to(self, device: torch.device) -> Graph:
        """Return this graph on a device; itself if it is there already."""
        if self.n_atoms.device == device:
            return self
        return Graph(**{name: value.to(device) for name, value in self.__dict__.items()})


def join_graphs(graphs: Sequence[Graph]) -> Graph:
    """Join the graphs of several frames along the first axes of their tensors.

    `edge_index` [2, n_edges] is joined along its edges, and points into the joined atoms.

    Args:
        graphs: at least one, on the CPU, with tensors of the same names.
    """
    names = ["n_atoms", "edge_index"]
    names += [name for name in graphs[0].__dict__ if name not in names]
    tensors = [graph.__dict__[name] for graph in graphs for name in names]
    joined = torch.ops.ipip.join_graphs(tensors, len(names))
    return Graph(**dict(zip([*names, "batch"], joined, strict=True)))
