"""The training loss of a whole epoch, over its batches and over all processes."""

from __future__ import annotations

from typing import Any

import torch

from ipip.config.training import TrainingSettings
from ipip.train.loss.label_loss import LossSums
from ipip.train.processes import is_first, sum_over


class EpochLoss:
    """Sums the terms of the loss over batches; its state can be saved within an epoch.

    Args:
        settings: weights of the terms.

    Attributes:
        batches: number of done batches of the epoch.
    """

    def __init__(self, settings: TrainingSettings) -> None:
        self._settings = settings
        self._sums: LossSums | None = None
        self.batches = 0

    def add(self, sums: LossSums) -> None:
        """Add the terms of this process's share of a batch."""
        terms = sums.detach()
        self._sums = terms if self._sums is None else self._sums.to(terms.values.device) + terms

    def take(self) -> float | None:
        """Return the loss of the epoch, and start the next one."""
        total = self._total()
        self._sums, self.batches = None, 0
        return None if total is None else float(total.loss(self._settings))

    def state(self) -> dict[str, Any] | None:
        """Return the state for a checkpoint within an epoch; None between epochs."""
        total = self._total()
        if total is None:
            return None
        return {"batches": self.batches, "sums": total.sums.cpu(), "counts": total.counts.cpu()}

    def load(self, state: dict[str, Any] | None) -> None:
        """Restore `state()`; the first process takes the sums of all processes."""
        if state is not None and is_first():
            self._sums = LossSums(torch.stack([state["sums"], state["counts"]]))

    def _total(self) -> LossSums | None:
        if self._sums is None:
            return None
        return LossSums(sum_over(self._sums.values))
