"""Evaluation without gradients of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen_weights(module: nn.Module) -> Iterator[None]:
    """Exclude the weights from autograd in a block: forces need gradients of pair vectors only."""
    states = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    for parameter, _ in states:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, value in states:
            parameter.requires_grad_(value)
