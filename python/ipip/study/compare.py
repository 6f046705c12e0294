"""Scores of arms and their paired differences. Pure functions on arrays.

s: seed, g: group of test frames (a trajectory), f: frame.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import norm as normal
from scipy.stats import t as student_t

from ipip.decisions.statistics import Units, withheld

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Score:
    """The errors of an arm's student for one seed on one test set.

    Attributes:
        errors: [n_frames] error of each frame.
        weights: [n_frames] weight of each frame in the mean (its atoms).
        groups: [n_frames] name of the trajectory of each frame.
        units: kind of the groups.
    """

    errors: Sequence[float]
    weights: Sequence[float]
    groups: Sequence[str]
    units: Units = "frames"

    @property
    def mean(self) -> float:
        """Weighted mean error."""
        return float(np.average(self.errors, weights=self.weights))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """An arm against the baseline.

    Attributes:
        arm, baseline: names.
        by_seed: mean error minus the baseline's for each seed.
        difference: mean over seeds.
        low, high: bootstrap interval of the difference; None if it is withheld.
        relative: difference over the baseline's mean error.
        seeds_lower: number of seeds with a lower error of the arm.
        withheld: why there is no interval; None if there is one.
    """

    arm: str
    baseline: str
    by_seed: tuple[float, ...]
    difference: float
    low: float | None
    high: float | None
    relative: float
    seeds_lower: int
    withheld: str | None = None

    @property
    def verdict(self) -> str:
        """``lower``, ``higher``, ``not distinguishable``, or ``not tested`` without an interval."""
        if self.low is None or self.high is None:
            return "not tested"
        if self.high < 0:
            return "lower"
        return "higher" if self.low > 0 else "not distinguishable"


def compare_arms(
    arm: str,
    baseline: str,
    scores: Mapping[int, Score],
    others: Mapping[int, Score],
    *,
    seed: int,
    draws: int = 4000,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two arms seed by seed.

    Both levels of chance are drawn with replacement: seeds, and within each seed the trajectories
    of its test frames (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8). The two arms
    keep the same seeds and frames in each draw, so differences are paired. Percentile intervals
    from few seeds are too narrow; deviations from the mean are widened by
    sqrt(n / (n - 1)) t / z with n seeds, as the expanded percentile interval does (Hesterberg, The
    American Statistician 69, 371 (2015), section 3.3).

    There is no interval if `ipip.decisions.statistics.withheld` has a reason for the groups of all
    seeds together: held-out frames differ between seeds, test sets do not.

    Args:
        arm: name of the arm.
        baseline: name of the arm to compare with.
        scores: of the arm, by seed.
        others: of the baseline, by seed, on the same frames.
        seed: of the draws.
        draws: number of draws.
        confidence: level of the interval.

    Raises:
        ValueError: fewer than two seeds in common, or different test frames.
    """
    common = sorted(scores.keys() & others.keys())
    if len(common) < 2:
        raise ValueError(f"{arm} and {baseline} have {len(common)} seeds in common, expected 2")
    sums, totals = [], []
    for s in common:
        difference, weight = _by_group(scores[s], others[s])
        sums.append(difference)
        totals.append(weight)
    by_seed = tuple(scores[s].mean - others[s].mean for s in common)
    mean = float(np.mean(by_seed))
    low = high = None
    units = scores[common[0]].units
    reason = withheld({name for s in common for name in scores[s].groups}, units)
    if reason is None:
        means = _draw(sums, totals, draws, np.random.default_rng(seed))
        tail = 50.0 * (1.0 - confidence)
        spread = np.percentile(means, [tail, 100.0 - tail]) - mean
        low, high = (mean + expansion(len(common), confidence) * spread).tolist()
    reference = float(np.mean([others[s].mean for s in common]))
    return Comparison(
        arm=arm,
        baseline=baseline,
        by_seed=by_seed,
        difference=mean,
        low=low,
        high=high,
        relative=mean / reference if reference else 0.0,
        seeds_lower=sum(value < 0 for value in by_seed),
        withheld=reason,
    )


def expansion(n_seeds: int, confidence: float) -> float:
    """Return the factor by which deviations of a percentile interval are widened.

    Args:
        n_seeds: number of observations, 2 or more.
        confidence: level of the interval.
    """
    level = 0.5 * (1.0 + confidence)
    widened = float(student_t.ppf(level, n_seeds - 1)) / float(normal.ppf(level))
    return widened * math.sqrt(n_seeds / (n_seeds - 1))


def _by_group(score: Score, baseline: Score) -> tuple[FloatArray, FloatArray]:
    """Return [n_groups] weighted differences and weights."""
    if list(score.groups) != list(baseline.groups) or list(score.weights) != list(baseline.weights):
        raise ValueError("the two arms were tested on different frames")
    difference = np.asarray(score.errors, dtype=float) - np.asarray(baseline.errors, dtype=float)
    weights = np.asarray(score.weights, dtype=float)
    _, group = np.unique(np.asarray(score.groups, dtype=str), return_inverse=True)
    return (
        np.bincount(group, weights=weights * difference).astype(np.float64),
        np.bincount(group, weights=weights).astype(np.float64),
    )


def _draw(
    sums: Sequence[FloatArray],
    totals: Sequence[FloatArray],
    draws: int,
    generator: np.random.Generator,
) -> FloatArray:
    """Return [draws] mean differences, seeds and groups drawn with replacement."""
    count = len(sums)
    resampled = np.empty((count, count, draws))  # [position, seed, draw]
    for s in range(count):
        n_groups = len(sums[s])
        chosen = generator.integers(n_groups, size=(count, draws, n_groups))
        resampled[:, s] = sums[s][chosen].sum(axis=-1) / totals[s][chosen].sum(axis=-1)
    drawn = generator.integers(count, size=(count, draws))
    picked = np.take_along_axis(resampled, drawn[:, None, :], axis=1)[:, 0]
    return picked.mean(axis=0)
