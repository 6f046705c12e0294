"""Reliability of expected errors, from known true errors."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ipip.uncertainty.density import FloatArray

WORST = 0.1
BINS = 10


@dataclasses.dataclass(frozen=True)
class Reliability:
    """Expected against true errors of the forces on atoms.

    Attributes:
        atoms: number of compared atoms.
        rank_correlation: Spearman's, of expected and true errors.
        auc_worst_tenth: probability that an atom of the worst tenth has a larger expected error
            than another atom; 0.5 is chance.
        below: fraction of the errors below `factor` times the expected one.
        factor: as fitted; `quantile` of the validation frames' errors are below.
        quantile: 0.9.
        expected: [n_bins] eV/Å, mean of each bin of atoms by expected error.
        observed: [n_bins] eV/Å, mean of the true ones in the same bins.
    """

    atoms: int
    rank_correlation: float
    auc_worst_tenth: float
    below: float
    factor: float
    quantile: float
    expected: list[float]
    observed: list[float]

    def as_dict(self) -> dict[str, Any]:
        """Return all as JSON values."""
        return dataclasses.asdict(self)


def rank_correlation(score: FloatArray, errors: FloatArray) -> float:
    """Return Spearman's rank correlation; 0 if either is constant."""
    if len(score) < 2 or np.ptp(score) == 0 or np.ptp(errors) == 0:
        return 0.0
    from scipy.stats import spearmanr  # half a second, which no training needs to start

    return float(spearmanr(score, errors).statistic)


def auc_worst(score: FloatArray, errors: FloatArray, share: float = WORST) -> float:
    """Return the area under the ROC curve of a score for the worst errors.

    It is the probability that an atom of the worst `share` has a larger score than another one.
    """
    count = max(1, round(share * len(errors)))
    worst = np.zeros(len(errors), dtype=bool)
    worst[np.argsort(errors, kind="stable")[len(errors) - count :]] = True
    if worst.all():
        return 0.5
    from scipy.stats import rankdata

    ranks = rankdata(score)
    above = ranks[worst].sum() - count * (count + 1) / 2
    return float(above / (count * (len(errors) - count)))


def reliability(
    expected: FloatArray, errors: FloatArray, *, factor: float, quantile: float
) -> Reliability:
    """Compare expected errors with true ones.

    Args:
        expected: [n] eV/Å.
        errors: [n] eV/Å.
        factor: of the calibration.
        quantile: of the calibration.

    Raises:
        ValueError: there are no atoms.
    """
    if not len(errors):
        raise ValueError("no atoms to compare")
    order = np.argsort(expected, kind="stable")
    parts = np.array_split(order, min(BINS, max(1, len(order) // 5)))
    return Reliability(
        atoms=len(errors),
        rank_correlation=rank_correlation(expected, errors),
        auc_worst_tenth=auc_worst(expected, errors),
        below=float((errors <= factor * expected).mean()),
        factor=factor,
        quantile=quantile,
        expected=[float(expected[part].mean()) for part in parts],
        observed=[float(errors[part].mean()) for part in parts],
    )
