"""Running (exponential moving) average of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class AveragedWeights:
    r"""Exponential moving average of a module's weights.

    After each optimiser step $\bar w \leftarrow d_t \bar w + (1 - d_t) w$;
    $d_t = \min(d, (1 + t) / (10 + t))$ with t the updates so far, so that a short training is not
    held back by its first weights.

    Args:
        module: its parameters are averaged (buffers are constants of a training).
        decay: d per step; None keeps no average: the weights themselves stand for it.
    """

    def __init__(self, module: nn.Module, decay: float | None) -> None:
        self._parameters = list(module.parameters())
        self._decay = decay
        self.updates = 0
        self._average = [] if decay is None else [p.detach().clone() for p in self._parameters]

    @torch.no_grad()
    def update(self) -> None:
        """Take the current weights into the average."""
        if self._decay is None:
            return
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for average, parameter in zip(self._average, self._parameters, strict=True):
            average.lerp_(parameter.detach(), 1.0 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averaged weights into the module for the length of a block."""
        if self._decay is None:
            yield
            return
        own = [p.detach().clone() for p in self._parameters]
        self._copy(self._average)
        try:
            yield
        finally:
            self._copy(own)

    def put(self) -> None:
        """Put the averaged weights into the module for good."""
        if self._decay is not None:
            self._copy(self._average)

    @torch.no_grad()
    def _copy(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)

    def to(self, device: torch.device) -> None:
        """Move the average to the device of the weights."""
        self._average = [average.to(device) for average in self._average]

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {
            "updates": self.updates,
            "average": [a.detach().cpu().clone() for a in self._average],
        }

    @torch.no_grad()
    def load(self, state: dict[str, Any]) -> None:
        """Restore `state()`."""
        self.updates = state["updates"]
        for average, value in zip(self._average, state["average"], strict=True):
            average.copy_(value)
