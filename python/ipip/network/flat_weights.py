"""The weights of a training as one tensor, and their gradients as a second one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector


class FlatWeights:
    """Stores parameters in one tensor: clipping, optimiser and average are then one call each.

    The parameters keep their names and shapes, but are views of `values`;
    their gradients are views of `gradient`, into which backward passes add.

    Args:
        parameters: of one dtype and device, on which they stay. Frozen ones are skipped.

    Attributes:
        parameters: the trainable ones, in order.
        values: [n] the weights, a leaf of autograd's graph for code that computes all gradients.
        gradient: [n] of the loss.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        held = [parameter.detach() for parameter in self.parameters]
        self.values = parameters_to_vector(held) if held else torch.zeros(0)
        self.gradient = torch.zeros_like(self.values)
        for parameter, value, gradient in zip(
            self.parameters, self.split(self.values), self.split(self.gradient), strict=True
        ):
            parameter.data = value
            parameter.grad = gradient
        self.values.requires_grad_(True)
        self.values.grad = self.gradient

    def split(self, flat: Tensor) -> list[Tensor]:
        """Return the parts of a tensor like `values` that belong to the parameters: views."""
        parts = flat.detach().split([parameter.numel() for parameter in self.parameters])
        return [
            part.view(parameter.shape)
            for part, parameter in zip(parts, self.parameters, strict=True)
        ]
