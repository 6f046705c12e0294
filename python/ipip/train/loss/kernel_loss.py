"""The loss of labels and its derivatives as two compiled calls, without autograd."""

from __future__ import annotations

import torch
from torch import Tensor

from ipip.config.training import TrainingSettings
from ipip.native import load_operators
from ipip.network.graph import Graph
from ipip.train.loss.label_loss import TERMS, LossSums

load_operators()  # registers torch.ops.ipip.label_sums

LABELS = (
    *TERMS,
    *(f"{term}_weight" for term in TERMS),
    "weight",
    "volume",
    "n_atoms",
    "batch",
)


class KernelLoss:
    """The loss of `label_loss`, which uses PyTorch, for predictions on the CPU.

    Args:
        batch: graphs of `ipip.network.GraphDataset`, batched.
        predicted: energies, forces and strain derivatives, as for `label_loss.loss_sums`.
        settings: kind of loss; its weights are not used here.
    """

    def __init__(
        self, batch: Graph, predicted: tuple[Tensor, Tensor, Tensor], settings: TrainingSettings
    ) -> None:
        self._arguments = (
            list(predicted),
            [batch.__dict__[name] for name in LABELS],
            settings.loss,
            [settings.huber_energy, settings.huber_forces, settings.huber_stress],
            settings.energy_per == "atom",
            settings.stress_weight > 0,
        )

    def sums(self) -> LossSums:
        """Return the sums of the terms."""
        return LossSums(*torch.ops.ipip.label_sums(*self._arguments).chunk(2))

    def slopes(self, factors: Tensor) -> list[Tensor]:
        """Return the derivatives of `(factors * sums).sum()` by each prediction, in its shape."""
        slopes: list[Tensor] = torch.ops.ipip.label_slopes(*self._arguments, factors)
        return slopes
