"""The source of a kept frame's label: the student near its training data, else the teacher."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ipip.harvest import scale_features

FloatArray = npt.NDArray[np.float64]
QUANTILE = 0.95


def nearest_distances(frames: FloatArray, known: FloatArray) -> FloatArray:
    """Return the distance of each frame to its nearest known one in feature space.

    Features are divided by the standard deviation over both sets, distances by the square root of
    their number, so that a distance is per feature and has no unit.

    Args:
        frames: [n, F] features.
        known: [k, F] features, k above 0.

    Returns:
        [n] distances.
    """
    points, others = scale_features(frames, known)
    nearest = np.empty(len(points))
    for start in range(0, len(points), 256):  # so that [n, k] is never in memory
        part = points[start : start + 256]
        squares = (part**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * part @ others.T
        nearest[start : start + 256] = np.sqrt(np.maximum(squares, 0.0)).min(axis=1)
    return nearest


def trust_limit(calibration: npt.ArrayLike, factor: float) -> float:
    """Return the largest uncertainty at which the student is trusted.

    Args:
        calibration: [m] uncertainties of the reference validation frames, which are like the
            frames that the student was fine-tuned on, but were not trained on; m above 0.
        factor: times their 95 % quantile.
    """
    return factor * float(np.quantile(np.asarray(calibration, dtype=np.float64), QUANTILE))


def trusted(uncertainty: npt.ArrayLike, limit: float) -> npt.NDArray[np.bool_]:
    """Return which frames the student labels: none with a non-finite uncertainty."""
    values = np.asarray(uncertainty, dtype=np.float64)
    return np.isfinite(values) & (values <= limit)
