"""The order of frames, which depends only on the seed and the epoch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class SeededBatches(Sampler[list[int]]):
    """Batches in a new random order each epoch, without torch's global generator.

    A resumed training has the order of an unbroken one. Several processes share each batch: process
    r of p gets its frames r, r + p, ... If the last batch has fewer frames than processes, the
    others get a padding (`GraphDataset`), so that all take the same steps.

    Args:
        length: number of frames.
        batch_size: frames in a batch, over all processes.
        seed: of the training.
        rank, processes: number of this process, and of all.
    """

    def __init__(
        self, length: int, batch_size: int, seed: int, rank: int = 0, processes: int = 1
    ) -> None:
        self.length = length
        self.batch_size = batch_size
        self.seed = seed
        self.rank, self.processes = rank, processes
        self.epoch = 0
        self._skip = (-1, 0)

    def start_at(self, epoch: int, batch: int) -> None:
        """Start with this epoch, without its batches that are done."""
        self.epoch = epoch
        self._skip = (epoch, batch)

    @property
    def first(self) -> int:
        """Number of the first batch of this epoch that is not done."""
        return self._skip[1] if self._skip[0] == self.epoch else 0

    def __len__(self) -> int:
        return -(-self.length // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator()
        generator.manual_seed((self.seed * 1_000_003 + self.epoch) % 2**63)
        order = torch.randperm(self.length, generator=generator).tolist()
        for start in range(self.first * self.batch_size, self.length, self.batch_size):
            batch = order[start : start + self.batch_size]
            yield batch[self.rank :: self.processes] or [-1 - batch[0]]
