"""Uncertainties of untrained students, for tests of who evaluates them."""

from __future__ import annotations

import numpy as np

from ipip.uncertainty import Uncertainty, fit_calibration, fit_density


def made_up(width: int, n_species: int = 3, seed: int = 0) -> Uncertainty:
    """An uncertainty whose knots lie where features of untrained students are."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(width, width)) / width
    features = 0.3 * rng.normal(size=(600, width)) @ (np.eye(width) + mix)
    species = rng.integers(0, n_species, 600)
    density = fit_density(features, species, n_species)
    score = density.score(features, species)
    errors = (0.1 + 0.05 * species) * score * rng.uniform(0.5, 1.5, 600)
    on = {
        "training_frames": 12,
        "training_digest": None,
        "validation_frames": 9,
        "validation_digest": None,
        "validation_atoms": 600,
        "validation_force_error_ev_per_a": float(errors.mean()),
    }
    return Uncertainty(density, fit_calibration(score, errors, species, n_species), on)
