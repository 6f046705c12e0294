"""Intervals of paired differences, and the only rule for when there is none.

A claim needs independent observations, the groups (trajectories) of the held-out frames. For n of
them that differ by d_1, ..., d_n, even the whole span of the d_i covers their median with a
probability of 1 - 2^(1-n) only: 94 % for 5, 97 % for 6. A 95 % interval from fewer than six groups
is a statement that the data cannot make, and the percentiles of a bootstrap over one group have no
width at all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

LEAST_GROUPS = 6
Units = Literal["trajectories", "frames", "correlated frames"]


def withheld(groups: Collection[str], units: Units) -> str | None:
    """Return why these groups give no interval and no claim of a difference.

    Args:
        groups: names of the groups of the held-out frames.
        units: kind of the groups. ``correlated frames`` are single frames that follow one another
            like a trajectory: how many of them are independent is unknown.

    Returns:
        The reason in words; None if there is none.
    """
    if units == "correlated frames":
        return (
            "the held-out frames follow one another like a trajectory and keys.group names none, "
            "so how many are independent is unknown"
        )
    count = len(set(groups))
    if count >= LEAST_GROUPS:
        return None
    if count == 1:
        one = {"trajectories": "trajectory", "frames": "frame"}[units]
        return f"1 {one} is too few for an interval (at least {LEAST_GROUPS})"
    return f"{count} {units} are too few for an interval (at least {LEAST_GROUPS})"


def paired_bootstrap(
    first: Sequence[float],
    second: Sequence[float],
    weights: Sequence[float],
    groups: Sequence[str],
    seed: int,
    samples: int = 2000,
    units: Units = "trajectories",
) -> tuple[float, float] | None:
    """Return the 95 % interval of mean(first) - mean(second), drawing frames of a group together.

    Frames of one trajectory are alike, so trajectories are the units that are drawn with
    replacement.

    Args:
        first: [n] error of one model on each frame.
        second: [n] error of the other on the same frames.
        weights: [n] weight of each frame in the mean (its atoms).
        groups: [n] name of the trajectory of each frame.
        seed: of the draws.
        samples: number of draws.
        units: kind of the groups.

    Returns:
        The interval, or None if it is `withheld`.

    Raises:
        ValueError: lengths differ, or there are no frames.
    """
    lengths = {len(first), len(second), len(weights), len(groups)}
    if len(lengths) != 1 or not first:
        raise ValueError(f"expected equal lengths above 0, got {sorted(lengths)}")
    if withheld(groups, units) is not None:
        return None
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
