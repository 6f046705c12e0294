"""Means over seeds, and how far they reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def mean_and_reach(values: Sequence[float], digits: int) -> str:
    """Return the mean over seeds, and half of its 95 % interval by Student's t."""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) < 2:
        return text
    reach = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{text} ± {reach:.{digits}f}"
