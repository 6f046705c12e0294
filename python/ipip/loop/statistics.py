"""Intervals for counts and for paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054


def wilson_interval(failed: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a rate (95 % for the default `z`).

    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). With no trials nothing is known: (0, 1).

    Raises:
        ValueError: not 0 <= failed <= total.
    """
    if not 0 <= failed <= total:
        raise ValueError(f"expected 0 <= failed <= total, got {failed} of {total}")
    if total == 0:
        return 0.0, 1.0
    rate = failed / total
    centre = (rate + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total**2))
    low = 0.0 if failed == 0 else max(0.0, centre - half)
    high = 1.0 if failed == total else min(1.0, centre + half)
    return low, high


def paired_bootstrap(
    first: Sequence[float],
    second: Sequence[float],
    weights: Sequence[float],
    groups: Sequence[str],
    seed: int,
    samples: int = 2000,
) -> tuple[float, float]:
    """Return the 95 % interval of mean(first) - mean(second), frames of one group drawn together.

    Frames of one trajectory are alike, so trajectories are the units that are drawn with
    replacement.

    Args:
        first: [n] error of one model on each frame.
        second: [n] error of the other on the same frames.
        weights: [n] weight of each frame in the mean (its atoms).
        groups: [n] name of the trajectory of each frame.
        seed: of the draws.
        samples: number of draws.

    Raises:
        ValueError: lengths differ, or there are no frames.
    """
    lengths = {len(first), len(second), len(weights), len(groups)}
    if len(lengths) != 1 or not first:
        raise ValueError(f"expected equal lengths above 0, got {sorted(lengths)}")
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    weight = np.asarray(weights, dtype=float)
    _, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    n_groups = int(group.max()) + 1
    sums = np.bincount(group, weights=weight * difference).astype(np.float64)
    totals = np.bincount(group, weights=weight).astype(np.float64)
    draws = np.random.default_rng(seed).integers(n_groups, size=(samples, n_groups))
    means = sums[draws].sum(axis=1) / totals[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
