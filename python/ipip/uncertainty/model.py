"""The uncertainty in a model file."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ipip.uncertainty.calibration import Calibration
from ipip.uncertainty.density import Density, FloatArray, IntArray


@dataclasses.dataclass(frozen=True)
class Uncertainty:
    """A density of features in training, and the map from distances to errors.

    Attributes:
        density: of the features.
        calibration: the map.
        fitted_on: data of both fits: `training_frames`, `validation_frames`,
            `validation_atoms`, `validation_force_error` (eV/Å, mean norm), `training_digest`,
            `validation_digest`, and `how` the frames were divided.
    """

    density: Density
    calibration: Calibration
    fitted_on: dict[str, Any]

    def score(self, features: FloatArray, species: IntArray) -> FloatArray:
        """Return the distance of each atom, about 1 for training data.

        Args:
            features: [n, F] final scalars.
            species: [n] index into the student's symbols.
        """
        return self.density.score(features, species)

    def expected(self, features: FloatArray, species: IntArray) -> FloatArray:
        """Return the expected norm of the error of the force on each atom, eV/Å.

        Args:
            features: [n, F] final scalars.
            species: [n] index into the student's symbols.
        """
        return self.calibration.expected(self.score(features, species), species)

    @property
    def width(self) -> int:
        """F, the width of the features."""
        return int(np.shape(self.density.means)[1])
