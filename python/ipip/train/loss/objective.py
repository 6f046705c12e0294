"""What a training step minimises beside, or instead of, the loss of the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from ipip.models import Student
from ipip.train.prediction.kernels import EnergyForces


class Objective(Protocol):
    """A further loss of a training.

    Attributes:
        uses_labels: the loss of energies and forces is added; else no label is looked at.
        description: what it is and what computes it, for the log.
        heads: weights that train with the student and are thrown away at the end.
    """

    uses_labels: bool
    description: str
    heads: nn.Module

    def fingerprint(self) -> dict[str, Any]:
        """Return what fixes this loss, as JSON values."""

    def extras(self, index: int) -> dict[str, Tensor]:
        """Return what the graph of training frame `index` carries for it.

        Tensors are joined along their first axis in a batch.
        """

    def loss(
        self, student: Student, evaluate: EnergyForces, batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the loss of a batch (float64), and its parts for the log, without weights.

        Args:
            student: that is trained.
            evaluate: its energies and forces, by compiled kernels where they are in use; at most
                one call may be open when the gradient is taken, and with `uses_labels` none.
            batch: graphs with the `extras`.
            generator: of this step's draws; on the CPU.
        """


class ObjectiveMeans:
    """Means over an epoch of an objective's loss and parts; survives an end within the epoch."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, loss: Tensor, parts: Mapping[str, Tensor]) -> None:
        """Take a step's."""
        self._count += 1
        for name, value in {"objective": loss, **parts}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value.detach())

    def take(self) -> dict[str, float]:
        """Return the means as columns of the history, and begin the next epoch."""
        means = {f"train_{name}": total / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {"sums": dict(self._sums), "count": self._count}

    def load(self, state: dict[str, Any] | None) -> None:
        """Restore `state()`."""
        if state is not None:
            self._sums, self._count = dict(state["sums"]), int(state["count"])


def step_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator of a step's draws: a resumed training draws what an unbroken one did."""
    return torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
