"""Losses of a training step besides, or instead of, the loss of the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ipip.models import Student
from ipip.network.graph import Graph
from ipip.train.prediction.kernels import EnergyForces


class Objective(Protocol):
    """An additional loss of a training.

    Attributes:
        uses_labels: whether the loss of energies and forces is added; else labels are ignored.
        description: of the loss and its backend, for the log.
        heads: weights that train with the student and are discarded at the end.
    """

    uses_labels: bool
    description: str
    heads: nn.Module

    def fingerprint(self) -> dict[str, Any]:
        """Return the values that determine this loss, as JSON values."""

    def extras(self, index: int) -> dict[str, Tensor]:
        """Return additional tensors for the graph of training frame `index`.

        Tensors are joined along their first axis in a batch.
        """

    def loss(
        self, student: Student, evaluate: EnergyForces, batch: Graph, generator: torch.Generator
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the loss of a batch (float64), and its parts for the log, without weights.

        Args:
            student: the trained one.
            evaluate: its energies and forces, with compiled kernels if they are in use; at most
                one call may be open when the gradient is taken, and with `uses_labels` none.
            batch: graphs with the `extras`.
            generator: of this step's draws; on the CPU.
        """


class ObjectiveMeans:
    """Means over an epoch of an objective's loss and parts; can be saved within the epoch."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, loss: Tensor, parts: Mapping[str, Tensor]) -> None:
        """Add the values of a step."""
        self._count += 1
        for name, value in {"objective": loss, **parts}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value.detach())

    def take(self) -> dict[str, float]:
        """Return the means as columns of the history, and start the next epoch."""
        means = {f"train_{name}": total / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"sums": dict(self._sums), "count": self._count}

    def load(self, state: dict[str, Any] | None) -> None:
        """Restore `state()`."""
        if state is not None:
            self._sums, self._count = dict(state["sums"]), int(state["count"])


def step_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator of a step's draws, which are the same in a resumed training."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
