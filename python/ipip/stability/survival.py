"""Survival of runs over MD steps."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from ipip.stability.intervals import Z95


@dataclasses.dataclass(frozen=True)
class Survival:
    """A survival curve, constant from each step to the next.

    Attributes:
        steps: [m] 0 and every step at which a run failed or finished.
        at_risk: [m] runs still active just before.
        failed: [m] runs that failed at the step.
        survival: [m] estimate of the surviving fraction.
        low, high: [m] its 95 % interval.
    """

    steps: list[int]
    at_risk: list[int]
    failed: list[int]
    survival: list[float]
    low: list[float]
    high: list[float]

    def median(self) -> int | None:
        """First step at which half of the runs have failed, or None."""
        pairs = zip(self.steps, self.survival, strict=True)
        return next((step for step, part in pairs if part <= 0.5), None)


def kaplan_meier(steps: Sequence[int], failed: Sequence[bool]) -> Survival:
    """Estimate the survival curve of runs, some of which finished without failure.

    S(t) = Π (1 - d_i / n_i) over the steps t_i <= t at which d_i of the n_i active runs fail
    (Kaplan and Meier, J. Am. Stat. Assoc. 53, 457 (1958)); the interval is Greenwood's on the scale
    log(-log S), which stays within 0 and 1.

    Args:
        steps: [n] at which each run ended.
        failed: [n] whether it failed; else it finished and does not lower the curve.

    Raises:
        ValueError: lengths differ, or there are no runs.
    """
    if len(steps) != len(failed) or not steps:
        raise ValueError(f"expected as many steps as outcomes, got {len(steps)} and {len(failed)}")
    curve = Survival([0], [len(steps)], [0], [1.0], [1.0], [1.0])
    survival, variance = 1.0, 0.0
    for step in sorted(set(steps)):
        at_risk = sum(own >= step for own in steps)
        died = sum(own == step and bad for own, bad in zip(steps, failed, strict=True))
        survival *= 1.0 - died / at_risk
        if died and at_risk > died:
            variance += died / (at_risk * (at_risk - died))
        low, high = _interval(survival, variance)
        values = (step, at_risk, died, survival, low, high)
        for name, value in zip(dataclasses.fields(curve), values, strict=True):
            getattr(curve, name.name).append(value)
    return curve


def _interval(survival: float, variance: float) -> tuple[float, float]:
    if survival >= 1.0:
        return 1.0, 1.0
    if survival <= 0.0:
        return 0.0, 0.0
    spread = Z95 * math.sqrt(variance) / abs(math.log(survival))
    return survival ** math.exp(spread), survival ** math.exp(-spread)
