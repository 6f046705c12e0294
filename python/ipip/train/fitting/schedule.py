"""The learning rate as a function of the step, and of the validation loss for `plateau`."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ipip.config.training import TrainingSettings


@dataclasses.dataclass
class LearningRate:
    """Linear warm-up, then a cosine, plateau or constant schedule.

    Args:
        settings: rates and kind of schedule.
        total_steps: optimiser steps of the whole training (end of cosine).
    """

    settings: TrainingSettings
    total_steps: int
    factor: float = 1.0
    best: float = math.inf
    waited: int = 0

    @property
    def warmup(self) -> int:
        """Steps of the warm-up: as in the settings, but at most a fifth of all steps."""
        return min(self.settings.warmup_steps, self.total_steps // 5)

    def rate(self, step: int) -> float:
        """Return the learning rate of the optimiser step with this index (from 0)."""
        s = self.settings
        if step < self.warmup:
            return s.learning_rate * (step + 1) / (self.warmup + 1)
        if s.schedule == "constant":
            return s.learning_rate
        if s.schedule == "plateau":
            return s.learning_rate * max(self.factor, s.final_fraction)
        span = max(self.total_steps - self.warmup, 1)
        done = min((step - self.warmup) / span, 1.0)
        share = 0.5 * (1.0 + math.cos(math.pi * done))
        return s.learning_rate * (s.final_fraction + (1.0 - s.final_fraction) * share)

    def validated(self, loss: float) -> None:
        """Record a validation loss (for plateau)."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.settings.schedule == "plateau" and self.waited > self.settings.plateau_patience:
            self.factor = max(
                self.factor * self.settings.plateau_factor, self.settings.final_fraction
            )
            self.waited = 0

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"factor": self.factor, "best": self.best, "waited": self.waited}

    def load(self, state: dict[str, Any]) -> None:
        """Restore `state()`."""
        self.factor, self.best, self.waited = state["factor"], state["best"], state["waited"]
