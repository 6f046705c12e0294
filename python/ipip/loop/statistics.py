"""Intervals of paired differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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
