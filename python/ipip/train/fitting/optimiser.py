"""Adam and AdamW on flat weights, with clipping of the gradient's norm."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ipip.config.training import TrainingSettings
from ipip.errors import InputError
from ipip.network.flat_weights import FlatWeights

BETAS, EPSILON = (0.9, 0.999), 1e-8
SMALLEST_NORM = 1e-6  # added to the norm, as torch.nn.utils.clip_grad_norm_ does
MOMENTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")  # names of torch's optimisers


class Optimiser:
    """PyTorch's fused Adam or AdamW (Loshchilov and Hutter 2019), one call for all weights.

    A weight that has never had a gradient does not decay either: the embedding of an element that
    the frames lack stays unchanged. (PyTorch does this only for whole parameters.)

    Args:
        weights: the trainable ones.
        settings: kind, weight decay, clipping.
    """

    def __init__(self, weights: FlatWeights, settings: TrainingSettings) -> None:
        self._weights, self._settings = weights, settings
        self._step = torch.zeros((), device=weights.values.device)
        # The function behind `fused` in torch.optim, whose classes take longer than the work here.
        self._function = (
            torch._fused_adamw_ if settings.optimizer == "adamw" else torch._fused_adam_
        )
        names = MOMENTS if settings.amsgrad else MOMENTS[:2]
        self._moments = {name: torch.zeros_like(weights.gradient) for name in names}

    def clip(self) -> None:
        """Scale the gradient to at most the largest norm in the settings."""
        largest = self._settings.gradient_clip
        if largest is None:
            return
        gradient = self._weights.gradient
        norm = torch.linalg.vector_norm(gradient)
        if not gradient.is_cpu:  # the host need not wait for the norm
            gradient.mul_((largest / (norm + SMALLEST_NORM)).clamp(max=1.0))
        elif (factor := largest / (float(norm) + SMALLEST_NORM)) < 1.0:
            gradient.mul_(factor)

    def step(self, rate: float) -> None:
        """Change the weights by the gradient, and set it to zero; autograd must be off."""
        settings, weights = self._settings, self._weights
        self._step += 1
        if settings.weight_decay:
            self._decay(rate)
        self._function(
            [weights.values],
            [weights.gradient],
            [self._moments["exp_avg"]],
            [self._moments["exp_avg_sq"]],
            [self._moments["max_exp_avg_sq"]] if settings.amsgrad else [],
            [self._step],
            lr=rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=0.0,
            eps=EPSILON,
            amsgrad=settings.amsgrad,
            maximize=False,
        )
        weights.gradient.zero_()

    def _decay(self, rate: float) -> None:
        """Shrink weights with gradients (AdamW), or add to their gradient (Adam)."""
        weights, strength = self._weights, self._settings.weight_decay
        gradient = weights.gradient
        reached = (gradient != 0) | (self._moments["exp_avg_sq"] != 0)
        if self._settings.optimizer == "adamw":
            weights.values.addcmul_(weights.values, reached, value=-rate * strength)
        else:
            gradient.addcmul_(weights.values, reached, value=strength)

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"step": self._step.cpu(), **{n: m.cpu() for n, m in self._moments.items()}}

    @torch.no_grad()
    def load(self, checkpoint: dict[str, Any]) -> None:
        """Restore `state()` from a checkpoint, or the optimiser of an earlier version.

        Raises:
            InputError: it belongs to other weights.
        """
        state = checkpoint.get("optimizer")
        if state is None:
            state = _flat(checkpoint["optimizer_states"][0]["state"], set(self._moments))
        self._step.copy_(state["step"])
        for name, moment in self._moments.items():
            if state[name].shape != moment.shape:
                raise InputError(
                    f"the checkpoint's optimiser has {state[name].numel()} weights, the training "
                    f"{moment.numel()}; use another folder"
                )
            moment.copy_(state[name])


def _flat(states: dict[int, dict[str, Tensor]], names: set[str]) -> dict[str, Tensor]:
    """Join the state of an optimiser for all parameters, in their order."""
    each = [states[number] for number in sorted(states)]
    joined = {name: torch.cat([state[name].reshape(-1) for state in each]) for name in names}
    return {"step": each[0]["step"], **joined}
