"""The Mahalanobis distance of an atom's features from those of its element in training.

z: species, F: features, m: mean, C: covariance.

    u = sqrt((h - m_z)^T C_z^-1 (h - m_z) / F),    about 1 for training data

(K. Lee et al., NeurIPS 2018, for classes of images.) Its cost is F² products per atom.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RIDGE = 1e-3  # of the mean variance, added to each, for directions that hardly occur in training
FEWEST_ATOMS = 2  # of an element, for a separate covariance


@dataclasses.dataclass(frozen=True)
class Density:
    """Features of each element in training.

    Attributes:
        means: [n_species, F].
        whitening: [n_species, F, F]; u = |whitening_z (h - means_z)|.
        atoms: [n_species] number of fitted atoms; 0: the element uses those of all.
    """

    means: FloatArray
    whitening: FloatArray
    atoms: IntArray

    def score(self, features: FloatArray, species: IntArray) -> FloatArray:
        """Return the distance u of each atom.

        Args:
            features: [n, F].
            species: [n].
        """
        scores = np.zeros(len(species))
        for z in range(len(self.means)):
            own = species == z
            whitened = (features[own] - self.means[z]) @ self.whitening[z].T
            scores[own] = np.sqrt((whitened**2).sum(axis=1))
        return scores


def fit_density(features: FloatArray, species: IntArray, n_species: int) -> Density:
    """Fit the distance to the atoms of a student's training.

    Args:
        features: [n, F] final scalars of those atoms.
        species: [n] index of each atom's element.
        n_species: number of the student's elements; elements without atoms get the mean and the
            covariance of all atoms.

    Raises:
        ValueError: there are fewer than two atoms, or features are not finite.
    """
    if len(features) < FEWEST_ATOMS or not np.isfinite(features).all():
        raise ValueError(f"{len(features)} atoms; expected two or more, with finite features")
    width = features.shape[1]
    means = np.zeros((n_species, width))
    whitening = np.zeros((n_species, width, width))
    counts = np.bincount(species, minlength=n_species).astype(np.int64)
    counts[counts < FEWEST_ATOMS] = 0
    for z in range(n_species):
        own = features[species == z] if counts[z] else features
        means[z] = own.mean(axis=0)
        whitening[z] = _whitening(own - means[z])
    return Density(means, whitening, counts)


def _whitening(centred: FloatArray) -> FloatArray:
    width = centred.shape[1]
    covariance = centred.T @ centred / len(centred)
    variance = max(float(np.trace(covariance)) / width, np.finfo(np.float32).tiny)
    covariance[np.diag_indices(width)] += RIDGE * variance
    lower = np.linalg.cholesky(covariance * width)
    return np.asarray(np.linalg.solve(lower, np.eye(width)), dtype=np.float64)
