"""Batches for training and for validation, each process its share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.models import Student
from ipip.network.batches import edge_bounded
from ipip.network.dataset import GraphDataset
from ipip.train import processes
from ipip.train.fitting.batch_sampler import SeededBatches

FRAMES_AT_ONCE = 64  # in a batch of a validation


def graph_dataset(
    frames: Sequence[Frame], student: Student, settings: TrainingSettings
) -> GraphDataset:
    """Return the frames as graphs with the weights and the memory of these settings."""
    return GraphDataset(
        frames,
        student.symbols,
        student.cutoff,
        kind_weights=settings.config_type_weights,
        cache_mb=settings.cache_mb,
    )


def train_loader(
    dataset: GraphDataset, settings: TrainingSettings, seed: int
) -> tuple[DataLoader, SeededBatches]:
    """Return a loader of training batches, and the order that it follows."""
    order = SeededBatches(
        len(dataset), settings.batch_size, seed, processes.rank(), processes.count()
    )
    loader = DataLoader(
        dataset,
        batch_sampler=order,
        generator=torch.Generator().manual_seed(seed),
        num_workers=settings.workers,
        persistent_workers=settings.workers > 0,
    )
    return loader, order


class ValidationBatches:
    """The batches that this process validates, built anew each time from cached graphs."""

    def __init__(self, dataset: GraphDataset) -> None:
        self._dataset = dataset
        self._mine = range(processes.rank(), len(dataset), processes.count())

    def __len__(self) -> int:
        """Return the number of frames of all processes together."""
        return len(self._dataset)

    def __iter__(self) -> Iterator[Batch]:
        graphs = (self._dataset[index] for index in self._mine)
        for _, part in edge_bounded(graphs, FRAMES_AT_ONCE):
            yield Batch.from_data_list(part)
