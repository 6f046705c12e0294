"""Fits a power law to errors at several numbers of labels, and extrapolates it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

LEAST_DRAWS, LEAST_SIZES = 2, 3


@dataclasses.dataclass(frozen=True)
class Point:
    """One training: number of labels, seed, force MAE (eV/Å) of student and teacher."""

    arm: str
    labels: int
    seed: int
    student: float
    teacher: float


@dataclasses.dataclass(frozen=True)
class PowerLaw:
    """error = factor labels^-exponent.

    Attributes:
        factor, exponent: parameters of the fit.
        interval: 95 % interval of the exponent over draws of the seeds; None with too few seeds.
    """

    factor: float
    exponent: float
    interval: tuple[float, float] | None

    def labels_for(self, error: float) -> float:
        """Return the number of labels for an error; infinite if the curve does not fall."""
        if self.exponent <= 0:
            return math.inf
        logarithm = math.log(self.factor / error) / self.exponent
        return math.exp(logarithm) if logarithm < 700 else math.inf


def fit_power_law(points: Sequence[Point], draws: int = 1000) -> PowerLaw:
    """Fit a line to logarithms by least squares.

    Args:
        points: points of one arm, at two numbers of labels or more.
        draws: number of draws of seeds with replacement, for the interval.
    """
    if len({point.labels for point in points}) < 2:
        raise ValueError("a curve needs errors at two numbers of labels")
    slope, offset = _line(points)
    seeds = sorted({point.seed for point in points})
    interval = None
    if len(seeds) >= LEAST_DRAWS and len({p.labels for p in points}) >= LEAST_SIZES:
        rng = np.random.default_rng(0)
        found = []
        for _ in range(draws):
            drawn = rng.choice(seeds, len(seeds))
            found.append(-_line([p for seed in drawn for p in points if p.seed == seed])[0])
        low, high = np.percentile(found, [2.5, 97.5])
        interval = (float(low), float(high))
    return PowerLaw(math.exp(offset), -slope, interval)


def _line(points: Sequence[Point]) -> tuple[float, float]:
    x, y = np.log([p.labels for p in points]), np.log([p.student for p in points])
    slope, offset = np.polyfit(x, y, 1)
    return float(slope), float(offset)
