"""The figures of a method that tables show, and means over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

SHOWN = {  # heading: key of a method's row, digits
    "rank, raw": ("rank_correlation_raw", 2),
    "calibrated": ("rank_correlation", 2),
    "frames": ("rank_correlation_frames", 2),
    "AUC": ("auc_worst_tenth", 2),
    "expected (eV/Å)": ("mean_expected_ev_per_a", 2),
    "below": ("below", 2),
}


def mean_and_reach(values: Sequence[float], digits: int) -> str:
    """Return the mean over seeds, and half of its 95 % interval by Student's t."""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) < 2:
        return text
    reach = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{text} ± {reach:.{digits}f}"
