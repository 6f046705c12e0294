"""The map from scores to expected errors, fitted to frames outside of a student's training.

z: species, k: knot, u: score, e: norm of the error of the force on an atom, eV/Å.

The mean of e is fitted over bins of u with the same number of atoms each, made monotone (pooled
adjacent violators) and joined by lines; it is constant before the first bin's mean score and
proportional to u after the last one's. Elements differ by a factor: errors of each are first
divided by their mean, which multiplies the result.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ipip.uncertainty.density import FloatArray, IntArray

LARGEST = 1e6  # eV/Å, where numbers overflow; as kLargestUncertainty in C++
MOST_KNOTS = 8
ATOMS_PER_KNOT = 25
FEWEST_OF_ELEMENT = 20  # atoms, for a separate factor
QUANTILE = 0.9
SMALLEST_ERROR = 1e-6  # eV/Å; a map through zero would exclude errors


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A polygon for each element.

    Attributes:
        scores: [n_species, n_knots] rising.
        errors: [n_species, n_knots] eV/Å, not falling.
        quantile: 0.9.
        factor: this fraction of the errors was below `factor` times the expected one.
    """

    scores: FloatArray
    errors: FloatArray
    quantile: float
    factor: float

    def expected(self, score: FloatArray, species: IntArray) -> FloatArray:
        """Return the expected norm of the error of the force on each atom, eV/Å.

        Args:
            score: [n].
            species: [n].
        """
        expected = np.zeros(len(score))
        for z in range(len(self.scores)):
            selected, u, e = species == z, self.scores[z], self.errors[z]
            beyond = e[-1] * np.maximum(1.0, score[selected] / u[-1])
            expected[selected] = np.where(
                score[selected] < u[-1], np.interp(score[selected], u, e), beyond
            )
        return np.minimum(np.nan_to_num(expected, nan=LARGEST, posinf=LARGEST), LARGEST)


def fit_calibration(
    score: FloatArray, errors: FloatArray, species: IntArray, n_species: int
) -> Calibration:
    """Fit the map to atoms with known true errors.

    Args:
        score: [n].
        errors: [n] norm of the difference of the forces, eV/Å.
        species: [n].
        n_species: number of the student's elements.

    Raises:
        ValueError: there are no atoms, or errors or scores are not finite.
    """
    if not len(errors) or not (np.isfinite(errors).all() and np.isfinite(score).all()):
        raise ValueError(f"{len(errors)} atoms; expected one or more, with finite errors")
    factors = _factors(errors, species, n_species)
    u, e = _polygon(score, errors / factors[species])
    scores = np.tile(u, (n_species, 1))
    expected = np.maximum(factors[:, None] * e, SMALLEST_ERROR)
    fitted = Calibration(scores, expected, QUANTILE, 1.0)
    ratio = errors / fitted.expected(score, species)
    return dataclasses.replace(fitted, factor=float(np.quantile(ratio, QUANTILE)))


def _factors(errors: FloatArray, species: IntArray, n_species: int) -> FloatArray:
    """Return the mean error of each element, eV/Å; of all elements if it has few atoms."""
    everywhere = max(float(errors.mean()), SMALLEST_ERROR)
    factors = np.full(n_species, everywhere)
    for z in range(n_species):
        selected = errors[species == z]
        if len(selected) >= FEWEST_OF_ELEMENT:
            factors[z] = max(float(selected.mean()), SMALLEST_ERROR)
    return factors


def _polygon(score: FloatArray, errors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return knots [n_knots], scores rising and errors not falling."""
    bins = min(MOST_KNOTS, max(1, len(score) // ATOMS_PER_KNOT))
    order = np.argsort(score, kind="stable")
    u, e, weights = [], [], []
    for part in np.array_split(order, bins):
        u.append(float(score[part].mean()))
        e.append(float(errors[part].mean()))
        weights.append(len(part))
    blocks: list[list[float]] = []  # mean score, mean error, weight: of pooled bins
    for block in zip(u, e, weights, strict=True):
        blocks.append(list(block))
        while len(blocks) > 1 and (
            blocks[-1][1] < blocks[-2][1]
            or blocks[-1][0] <= math.nextafter(blocks[-2][0], math.inf)
        ):
            last, before = blocks.pop(), blocks.pop()
            weight = last[2] + before[2]
            blocks.append(
                [(last[k] * last[2] + before[k] * before[2]) / weight for k in (0, 1)] + [weight]
            )
    knots = np.array(blocks)
    return np.maximum(knots[:, 0], np.finfo(np.float32).tiny), knots[:, 1]
