"""Scores of atoms by features alone, and the spread of a committee."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.uncertainty.spread import energy_spread, force_spread
from scipy.spatial import cKDTree

from ipip.data import Frame
from ipip.evaluation.students import OpenStudent, open_student
from ipip.export import read_weights
from ipip.graph.species import species_index
from ipip.uncertainty import fit_density
from ipip.uncertainty.density import FloatArray, IntArray

Score = Callable[["Described"], FloatArray]
ITERATIONS, COMPONENTS, RIDGE = 30, 3, 1e-3


@dataclasses.dataclass
class Described:
    """Atoms of some frames.

    Attributes:
        features: [n, F] features of the atoms.
        species: [n] species of the atoms.
        frames: their frames.
    """

    features: FloatArray
    species: IntArray
    frames: Sequence[Frame]


def describe(student: OpenStudent, frames: Sequence[Frame]) -> Described:
    """Return features and species of all atoms."""
    species = [species_index(frame.numbers, student.symbols) for frame in frames]
    return Described(
        np.concatenate(student.describe_frames(frames)), np.concatenate(species), frames
    )


def methods(
    paths: Sequence[Path], heads: Sequence[Path], student: OpenStudent, training: Described
) -> dict[str, tuple[str, Score]]:
    """Return by name the cost of an atom in words, and the function of its score.

    Args:
        paths: model files of the student and of the others of a committee.
        heads: model files of a shallow ensemble, or none.
        student: the first one, open.
        training: its training atoms.
    """
    n_species = len(student.symbols)
    density = fit_density(training.features, training.species, n_species)
    found: dict[str, tuple[str, Score]] = {
        "Mahalanobis": ("F²", lambda a: density.score(a.features, a.species)),
        f"mixture of {COMPONENTS}": (f"{COMPONENTS} F²", mixture(training, n_species)),
        "last-layer rigidity": ("(F/2)²", rigidity(paths[0], training)),
        "nearest neighbour": ("F times its atoms", nearest(training, n_species)),
    }
    if len(paths) > 1:
        others = [open_student(path)[0] for path in paths]
        found[f"committee of {len(paths)}"] = (
            f"{len(paths)} students",
            lambda a: force_spread(others, a.frames),
        )
    if heads:
        opened = [open_student(path)[0] for path in heads]
        found[f"{len(heads)} readouts, energies"] = (
            f"{len(heads)} readouts",
            lambda a: energy_spread(opened, a.frames),
        )
        found[f"{len(heads)} readouts, forces"] = (
            f"{len(heads)} backward sweeps",
            lambda a: force_spread(opened, a.frames),
        )
    return found


def nearest(training: Described, n_species: int) -> Score:
    """Return the distance to the nearest atom of the element in training."""
    trees = [cKDTree(training.features[training.species == z]) for z in range(n_species)]

    def score(atoms: Described) -> FloatArray:
        out = np.zeros(len(atoms.species))
        for z, tree in enumerate(trees):
            own = atoms.species == z
            if own.any():
                out[own] = tree.query(atoms.features[own])[0]
        return out

    return score


def rigidity(path: Path, training: Described) -> Score:
    """Return the last-layer rigidity (Bigi et al., Mach. Learn.: Sci. Technol. 5, 045018 (2024)).

    x (X^T X + ridge)^-1 x of the last linear layer's inputs; rows of X are training atoms.
    """
    _, weights = read_weights(path)
    matrix, bias = weights["readout.0.weight"], weights["readout.0.bias"]

    def last(features: FloatArray) -> FloatArray:
        z = features @ matrix.T.astype(float) + bias
        return np.hstack([z / (1.0 + np.exp(-z)), np.ones((len(z), 1))])

    rows = last(training.features)
    product = rows.T @ rows
    product += 1e-6 * np.trace(product) / len(product) * np.eye(len(product))
    inverse = np.linalg.inv(product)

    def score(atoms: Described) -> FloatArray:
        x = last(atoms.features)
        return np.sqrt(np.einsum("ij,jk,ik->i", x, inverse, x))

    return score


def mixture(training: Described, n_species: int) -> Score:
    """Return minus the logarithm of a mixture of Gaussians of each element, shifted above 0.

    By expectation and maximisation, from atoms drawn at random.
    """
    fitted = [_gaussians(training.features[training.species == z]) for z in range(n_species)]

    def score(atoms: Described) -> FloatArray:
        out = np.zeros(len(atoms.species))
        for z, (means, roots, logs) in enumerate(fitted):
            own = atoms.species == z
            each = _log_densities(atoms.features[own], means, roots, logs)
            out[own] = -np.logaddexp.reduce(each, axis=1)
        return out

    low = min(score(training))
    return lambda atoms: np.maximum(score(atoms) - low, 0.0) + 1e-3


Gaussians = tuple[FloatArray, list[FloatArray], FloatArray]


def _gaussians(x: FloatArray) -> Gaussians:
    rng, (n, width) = np.random.default_rng(0), x.shape
    ridge = RIDGE * x.var(axis=0).mean() * np.eye(width)
    shares: npt.NDArray[np.float64] = np.zeros((n, COMPONENTS))
    seeds = x[rng.choice(n, COMPONENTS, replace=False)]
    shares[np.arange(n), ((x[:, None] - seeds) ** 2).sum(2).argmin(1)] = 1.0
    for _ in range(ITERATIONS):
        weights = shares.sum(0) + 1e-9
        means = shares.T @ x / weights[:, None]
        roots = []
        for k in range(COMPONENTS):
            off = x - means[k]
            covariance = (shares[:, k, None] * off).T @ off / weights[k] + ridge
            roots.append(np.linalg.inv(np.linalg.cholesky(covariance)))
        logs = np.log(weights / n)
        each = _log_densities(x, means, roots, logs)
        shares = np.exp(each - np.logaddexp.reduce(each, axis=1)[:, None])
    return means, roots, logs


def _log_densities(
    x: FloatArray, means: FloatArray, roots: list[FloatArray], logs: FloatArray
) -> FloatArray:
    columns = [
        log + np.log(np.diag(root)).sum() - 0.5 * (((x - mean) @ root.T) ** 2).sum(1)
        for mean, root, log in zip(means, roots, logs, strict=True)
    ]
    return np.stack(columns, axis=1)
