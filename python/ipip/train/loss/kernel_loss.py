"""The loss of labels and its derivatives as two compiled calls, without autograd."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from ipip.config.training import TrainingSettings
from ipip.native import load_operators
from ipip.network.graph import Graph
from ipip.train.loss.label_loss import TERMS, LossSums, weights_of

load_operators()  # registers torch.ops.ipip.label_sums

COMPILED = ("energy", "forces", "stress")  # the first of `TERMS`
FURTHER = len(TERMS) - len(COMPILED)
LABELS = (
    *COMPILED,
    *(f"{term}_weight" for term in COMPILED),
    "weight",
    "volume",
    "n_atoms",
    "batch",
)


def is_compiled(settings: TrainingSettings) -> bool:
    """Return whether a training has compiled terms alone: the weight of all others is 0."""
    return not any(weights_of(settings)[len(COMPILED) :])


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
        """Return the sums of all terms, which are 0 for terms that are not compiled."""
        sums = torch.ops.ipip.label_sums(*self._arguments)
        return LossSums(pad(sums, (0, FURTHER)) if FURTHER else sums)

    def slopes(self, factors: Sequence[float]) -> list[Tensor]:
        """Return the derivatives of the terms' sums times factors by each prediction."""
        own = factors[: len(COMPILED)]
        slopes: list[Tensor] = torch.ops.ipip.label_slopes(*self._arguments, own)
        return slopes
