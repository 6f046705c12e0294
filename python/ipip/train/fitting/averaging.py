"""Running (exponential moving) average of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ipip.network.flat_weights import FlatWeights


class AveragedWeights:
    r"""Exponential moving average of weights.

    After each optimiser step $\bar w \leftarrow d_t \bar w + (1 - d_t) w$;
    $d_t = \min(d, (1 + t) / (10 + t))$ with t the updates so far, so that the first weights do not
    dominate a short training.

    Args:
        weights: the trainable ones; frozen weights are not averaged.
        decay: d per step; None: no average, the weights themselves are used.
    """

    def __init__(self, weights: FlatWeights, decay: float | None) -> None:
        self._weights = weights
        self._decay = decay
        self.updates = 0
        self._values = weights.values.detach()  # the same memory
        self._average = self._values.clone()

    def update(self) -> None:
        """Add the current weights to the average."""
        if self._decay is None:
            return
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        self._average.lerp_(self._values, 1.0 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use the averaged weights in the module during a block."""
        if self._decay is None:
            yield
            return
        values = self._values
        trained = values.clone()
        values.copy_(self._average)
        try:
            yield
        finally:
            values.copy_(trained)

    def state(self, module: nn.Module) -> dict[str, Any]:
        """Return what a checkpoint must hold: the average of each parameter of the module."""
        if self._decay is None:
            return {"updates": 0, "average": []}
        known = self._weights.parameters
        averages = zip(known, self._weights.split(self._average), strict=True)
        by_parameter = {id(parameter): average for parameter, average in averages}
        return {
            "updates": self.updates,
            "average": [
                by_parameter.get(id(parameter), parameter.detach()).cpu().clone()
                for parameter in module.parameters()
            ],
        }

    @torch.no_grad()
    def load(self, state: dict[str, Any], module: nn.Module) -> None:
        """Restore `state()`."""
        self.updates = state["updates"]
        if self._decay is None:
            return
        stored = zip(module.parameters(), state["average"], strict=True)
        by_parameter = {id(parameter): value for parameter, value in stored}
        parts = zip(self._weights.parameters, self._weights.split(self._average), strict=True)
        for parameter, part in parts:
            if id(parameter) in by_parameter:  # not of an objective's heads
                part.copy_(by_parameter[id(parameter)])


@torch.no_grad()
def put_average(module: nn.Module, state: dict[str, Any]) -> None:
    """Put the averaged weights of a checkpoint into a module, if it holds any."""
    if state["average"]:
        for parameter, value in zip(module.parameters(), state["average"], strict=True):
            parameter.copy_(value)
