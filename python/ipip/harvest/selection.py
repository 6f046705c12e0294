"""Ranking by the true force difference, and farthest-point selection in feature space."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import numpy.typing as npt

from ipip.config.harvest import HarvestSettings
from ipip.data.frame import FloatArray, IntArray
from ipip.errors import InputError


@dataclasses.dataclass(frozen=True)
class Selection:
    """The selected candidates.

    Attributes:
        taken: [m] indices in the order of selection.
        reasons: why each other candidate was not selected, by index.
        distances: [m] distance of each selected one to all known or previously selected ones; inf
            for the first one if nothing was known.
    """

    taken: IntArray
    reasons: dict[int, str]
    distances: FloatArray


def force_difference(
    student: FloatArray, teacher: FloatArray, how: Literal["max", "rms"] = "rms"
) -> float:
    """Return the difference of two sets of forces on one frame, in eV/Å.

    Args:
        student: [n, 3] eV/Å.
        teacher: [n, 3] eV/Å.
        how: "max": largest |ΔF| of an atom; "rms": root of the mean over atoms of |ΔF|².

    Returns:
        inf if the student's forces are not finite.
    """
    squares = ((student - teacher) ** 2).sum(axis=1)
    value = squares.max() if how == "max" else squares.mean()
    return float(np.sqrt(value)) if np.isfinite(value) else float("inf")


def scale_features(
    candidates: npt.ArrayLike, known: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Centre features and divide by their standard deviation and by √F.

    Distances are then per feature and dimensionless. Constant features become 0.

    Args:
        candidates: [n, F].
        known: [k, F], k may be 0.

    Returns:
        Both, scaled alike.

    Raises:
        InputError: features are not finite, or their numbers differ.
    """
    new = np.atleast_2d(np.asarray(candidates, dtype=np.float64))
    old = np.asarray(known, dtype=np.float64).reshape(-1, new.shape[1] if new.size else 1)
    if not (np.isfinite(new).all() and np.isfinite(old).all()):
        raise InputError("features for the farthest-point selection are not finite")
    both = np.concatenate([old, new])
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    scale = np.where(deviation > 1e-12 * np.maximum(1.0, np.abs(mean)), deviation, np.inf)
    scale = scale * np.sqrt(both.shape[1])
    return (new - mean) / scale, (old - mean) / scale


def farthest_points(
    candidates: FloatArray, known: FloatArray, count: int, first: int = 0
) -> tuple[IntArray, FloatArray]:
    """Select points greedily, each farthest from everything known and selected before.

    The same selection as scikit-matter's ``FPS(initialize=<known>)``, which computes k² distances
    among k known points; this function compares known points with candidates only.

    Args:
        candidates: [n, F].
        known: [k, F]; if k is 0, the selection starts with ``first``.
        count: points to select, at most n.
        first: index of the first point if nothing is known.

    Returns:
        indices [m] and the distance of each at its selection [m] (inf for a free first one). Ties
        go to the lower index.
    """
    nearest = np.full(len(candidates), np.inf)
    for start in range(0, len(known), 1024):
        part = known[start : start + 1024]
        squares = (
            (candidates**2).sum(axis=1)[:, None]
            + (part**2).sum(axis=1)[None, :]
            - 2.0 * candidates @ part.T
        )
        nearest = np.minimum(nearest, squares.min(axis=1))
    chosen: list[int] = []
    distances: list[float] = []
    for _ in range(min(count, len(candidates))):
        index = first if not chosen and len(known) == 0 else int(np.argmax(nearest))
        chosen.append(index)
        distances.append(float(np.sqrt(max(nearest[index], 0.0))))
        nearest = np.minimum(nearest, ((candidates - candidates[index]) ** 2).sum(axis=1))
        nearest[chosen] = -np.inf
    return np.array(chosen, dtype=np.int64), np.array(distances)


def select(
    differences: npt.ArrayLike,
    features: npt.ArrayLike,
    known_features: npt.ArrayLike,
    settings: HarvestSettings,
) -> Selection:
    """Select among labelled candidates: worst predicted first, then diverse, no duplicates.

    Args:
        differences: [n] force differences of student and teacher, eV/Å.
        features: [n, F] of the candidates.
        known_features: [k, F] of every known frame; k may be 0.
        settings: frames, pool_factor, min_force_difference (eV/Å), duplicate_distance.

    Returns:
        The selection; every candidate is either selected or has a reason.
    """
    values = np.asarray(differences, dtype=np.float64)
    reasons: dict[int, str] = {}
    ranked = np.argsort(-values, kind="stable")
    enough = []
    for index in ranked.tolist():
        if values[index] < settings.min_force_difference:
            reasons[index] = (
                f"force difference {values[index]:.3f} eV/Å is below "
                f"{settings.min_force_difference:.3f} eV/Å"
            )
        else:
            enough.append(index)
    pool = enough[: max(1, round(settings.pool_factor * settings.frames))]
    for index in enough[len(pool) :]:
        reasons[index] = (
            f"force difference {values[index]:.3f} eV/Å is not among the {len(pool)} worst"
        )
    if not pool:
        return Selection(np.zeros(0, dtype=np.int64), reasons, np.zeros(0))
    new, old = scale_features(np.asarray(features)[pool], known_features)
    order, distances = farthest_points(new, old, len(pool))
    taken: list[int] = []
    far: list[float] = []
    for place, distance in zip(order.tolist(), distances.tolist(), strict=True):
        index = pool[place]
        if distance <= settings.duplicate_distance:
            reasons[index] = "duplicate of a known or selected frame"
        elif len(taken) == settings.frames:
            reasons[index] = f"less diverse than the {settings.frames} selected frames"
        else:
            taken.append(index)
            far.append(distance)
    return Selection(np.array(taken, dtype=np.int64), reasons, np.array(far))
