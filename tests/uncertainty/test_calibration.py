"""From distances to errors."""

from __future__ import annotations

import numpy as np
import pytest

from ipip.uncertainty import fit_calibration, reliability
from ipip.uncertainty.calibration import LARGEST
from ipip.uncertainty.reliability import auc_worst


def draw(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, errors of mean 0.2 u or 0.4 u by element, elements."""
    rng = np.random.default_rng(seed)
    score, species = rng.uniform(0.5, 3.0, n), rng.integers(0, 2, n)
    return score, 0.2 * (1 + species) * score * rng.chisquare(3, n) / 3, species


def test_expected_errors_are_the_means_that_were_drawn_of_each_element() -> None:
    fitted = fit_calibration(*draw(8000)[:2], draw(8000)[2], 2)
    u = np.array([1.0, 2.0, 2.8, 6.0])
    for z in (0, 1):
        expected = fitted.expected(u, np.full(4, z))
        np.testing.assert_allclose(expected, 0.2 * (1 + z) * u, rtol=0.08)


def test_as_many_errors_as_stated_are_below_the_quantile_on_other_atoms() -> None:
    score, errors, species = draw(4000)
    fitted = fit_calibration(score, errors, species, 2)
    score, errors, species = draw(4000, seed=1)
    measured = reliability(
        fitted.expected(score, species), errors, factor=fitted.factor, quantile=fitted.quantile
    )
    assert measured.below == pytest.approx(0.9, abs=0.02)
    np.testing.assert_allclose(measured.expected, measured.observed, rtol=0.12)
    assert measured.rank_correlation > 0.5 and measured.auc_worst_tenth > 0.75


def test_the_map_never_falls_even_where_errors_do() -> None:
    rng = np.random.default_rng(2)
    score = rng.uniform(0, 1, 400)
    errors = 1.0 - score + 0.01 * rng.uniform(size=400)
    fitted = fit_calibration(score, errors, np.zeros(400, dtype=np.int64), 1)
    expected = fitted.expected(np.linspace(0, 50, 500), np.zeros(500, dtype=np.int64))
    assert (np.diff(expected) >= 0).all() and expected[-1] > 10 * expected[0]


def test_what_overflows_is_the_largest_number() -> None:
    fitted = fit_calibration(*draw(100)[:2], draw(100)[2], 2)
    strange = np.array([np.inf, np.nan, 1e300])
    np.testing.assert_array_equal(fitted.expected(strange, np.zeros(3, dtype=int)), LARGEST)


def test_one_atom_is_enough_for_a_map_and_none_is_refused() -> None:
    one = fit_calibration(np.array([2.0]), np.array([0.3]), np.zeros(1, dtype=np.int64), 2)
    np.testing.assert_allclose(one.expected(np.array([1.0, 4.0]), np.array([0, 1])), [0.3, 0.6])
    with pytest.raises(ValueError, match="0 atoms"):
        fit_calibration(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), 1)


def test_the_auc_counts_pairs_in_the_right_order() -> None:
    errors = np.arange(20.0)  # the worst two are the last
    assert auc_worst(errors, errors) == 1.0
    assert auc_worst(-errors, errors) == 0.0
    assert auc_worst(np.zeros(20), errors) == 0.5
    swapped = np.where(errors == 19, 10.5, errors)  # below 7 of the 18 others
    assert auc_worst(swapped, errors) == pytest.approx((18 + 11) / 36)
