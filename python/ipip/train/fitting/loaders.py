"""Batches for training and for validation, shared among the processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DataLoader

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.models import Student
from ipip.network.batches import edge_bounded
from ipip.network.dataset import GraphDataset
from ipip.network.graph import Graph, join_graphs
from ipip.train import processes
from ipip.train.fitting.batch_sampler import SeededBatches

FRAMES_AT_ONCE = 64  # in a batch of a validation


def graph_dataset(
    frames: Sequence[Frame], student: Student, settings: TrainingSettings
) -> GraphDataset:
    """Return the frames as graphs with the weights and the cache size of these settings."""
    return GraphDataset(
        frames,
        student.symbols,
        student.cutoff,
        kind_weights=settings.config_type_weights,
        cache_mb=settings.cache_mb,
    )


class TrainingBatches:
    """The batches of consecutive epochs, built from cached graphs.

    Args:
        dataset: of all training frames.
        settings: `batch_size`; `workers`, processes that build graphs.
        seed: of the order of frames.
    """

    def __init__(self, dataset: GraphDataset, settings: TrainingSettings, seed: int) -> None:
        self.order = SeededBatches(
            len(dataset), settings.batch_size, seed, processes.rank(), processes.count()
        )
        self._dataset = dataset
        self._loader: DataLoader[Graph] | None = None
        if settings.workers:
            self._loader = DataLoader(
                dataset,
                batch_sampler=self.order,
                collate_fn=join_graphs,
                generator=torch.Generator().manual_seed(seed),
                num_workers=settings.workers,
                persistent_workers=True,
            )

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self.order)

    def start(self, epoch: int) -> int:
        """Set the epoch, and return the number of its first batch that is not done."""
        self.order.epoch = epoch
        return self.order.first

    def __iter__(self) -> Iterator[Graph]:
        if self._loader is not None:
            yield from self._loader
            return
        dataset = self._dataset
        for indices in self.order:
            yield join_graphs([dataset[index] for index in indices])


class ValidationBatches:
    """The batches that this process validates, built each time from cached graphs."""

    def __init__(self, dataset: GraphDataset) -> None:
        self._dataset = dataset
        self._mine = range(processes.rank(), len(dataset), processes.count())

    def __len__(self) -> int:
        """Return the number of frames of all processes together."""
        return len(self._dataset)

    def __iter__(self) -> Iterator[Graph]:
        graphs = (self._dataset[index] for index in self._mine)
        for _, part in edge_bounded(graphs, FRAMES_AT_ONCE):
            yield join_graphs(part)
