"""Distances to the features in training."""

from __future__ import annotations

import numpy as np
import pytest

from ipip.uncertainty import fit_density


def test_the_distance_is_mahalanobis_over_the_root_of_the_width() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5000, 3)) @ np.array([[2.0, 0, 0], [0.5, 1, 0], [0, 0.3, 0.4]])
    species = np.zeros(5000, dtype=np.int64)
    density = fit_density(features, species, 1)
    points = rng.normal(size=(7, 3)) * 4
    off = points - features.mean(0)
    inverse = np.linalg.inv(np.cov(features.T, bias=True))
    expected = np.sqrt(np.einsum("ij,jk,ik->i", off, inverse, off) / 3)
    found = density.score(points, np.zeros(7, dtype=np.int64))
    np.testing.assert_allclose(found, expected, rtol=0.02)  # the ridge
    assert np.mean(density.score(features, species) ** 2) == pytest.approx(1.0, abs=0.02)


def test_each_element_has_its_own_and_one_without_atoms_uses_the_common_ones() -> None:
    rng = np.random.default_rng(1)
    features = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(10, 1, (500, 2))])
    species = np.repeat([0, 1], 500)
    density = fit_density(features, species, 3)
    at_ten = np.full((3, 2), 10.0)
    first, second, third = density.score(at_ten, np.array([0, 1, 2]))
    assert first > 8 and second < 0.2 and 0.3 < third < 2
    assert density.atoms.tolist() == [500, 500, 0]


def test_features_that_never_vary_give_finite_distances() -> None:
    density = fit_density(np.ones((10, 4)), np.zeros(10, dtype=np.int64), 1)
    assert np.isfinite(density.score(np.zeros((1, 4)), np.zeros(1, dtype=np.int64))).all()


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="1 atoms; expected two or more"):
        fit_density(np.ones((1, 4)), np.zeros(1, dtype=np.int64), 1)
    with pytest.raises(ValueError, match="finite"):
        fit_density(np.full((9, 4), np.nan), np.zeros(9, dtype=np.int64), 1)
