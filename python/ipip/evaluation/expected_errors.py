"""Fits what errors to expect of a student to frames, and compares it with true errors."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.data.digest import frames_digest
from ipip.data.frame import FloatArray, Frame, IntArray
from ipip.errors import InputError
from ipip.evaluation.students import OpenStudent, open_student
from ipip.graph.species import species_index
from ipip.uncertainty import (
    Density,
    Reliability,
    Uncertainty,
    fit_calibration,
    fit_density,
    reliability,
    write_uncertainty,
)

MOST_ATOMS = 200_000  # whose features are in memory at once; more are thinned evenly

log = logging.getLogger(__name__)


def add_uncertainty(
    model: Path,
    training: Sequence[Frame],
    validation: Sequence[Frame],
    *,
    density: Density | None = None,
    target: Path | None = None,
) -> Uncertainty:
    """Fit what errors to expect, and write it into the model file.

    Args:
        model: the model file.
        training: frames that the student was trained on; their labels do not count.
        validation: frames with forces that it was not trained on.
        density: features in training, in the place of those of `training`.
        target: file to write instead of `model`.

    Returns:
        What was written.

    Raises:
        InputError: a file is no student, an element is unknown to it, a validation frame has no
            forces, or there are too few frames.
    """
    student, _ = open_student(model)
    fitted = fit_uncertainty(student, training, validation, density=density)
    write_uncertainty(model, fitted, target)
    return fitted


def add_where_possible(model: Path, training: Sequence[Frame], validation: Sequence[Frame]) -> None:
    """Do what `add_uncertainty` does for a student that was just trained.

    Where its frames say nothing of errors, it stays without, and a warning says why: its training
    is not lost for that.
    """
    if not len(validation) or any(frame.forces is None for frame in validation):
        return
    try:
        add_uncertainty(model, training, validation)
    except InputError as error:
        log.warning("%s has no uncertainty: %s", model, error)


def fit_uncertainty(
    student: OpenStudent,
    training: Sequence[Frame],
    validation: Sequence[Frame],
    *,
    density: Density | None = None,
) -> Uncertainty:
    """Fit what errors to expect of a student; see `add_uncertainty`."""
    n_species = len(student.symbols)
    try:
        if density is None:
            density = fit_density(*_features(student, _thinned(training)), n_species)
        features, species = _features(student, validation)
        errors = true_errors(student, validation)
        calibration = fit_calibration(density.score(features, species), errors, species, n_species)
    except ValueError as error:
        raise InputError(
            f"{len(training)} training and {len(validation)} validation frames say nothing of the "
            f"errors to expect ({error}); give labelled frames of each"
        ) from None
    fitted_on = {
        "training_frames": len(training),
        "training_digest": frames_digest(training) if len(training) else None,
        "validation_frames": len(validation),
        "validation_digest": frames_digest(validation),
        "validation_atoms": len(errors),
        "validation_force_error_ev_per_a": float(errors.mean()),
    }
    return Uncertainty(density, calibration, fitted_on)


def true_errors(student: OpenStudent, frames: Sequence[Frame]) -> FloatArray:
    """Return the norm of the error of the force on each atom of all frames, [n] eV/Å.

    Raises:
        InputError: a frame has no forces.
    """
    parts = []
    for index, (frame, done) in enumerate(
        zip(frames, student.evaluate_frames(frames), strict=True)
    ):
        if frame.forces is None:
            raise InputError(f"frame {index} has no forces; give labelled frames")
        parts.append(np.linalg.norm(done.forces - frame.forces, axis=1))
    return np.concatenate(parts) if parts else np.zeros(0)


def largest_expected_errors(student: OpenStudent, frames: Sequence[Frame]) -> list[float]:
    """Return the largest expected error of a force of each frame, eV/Å.

    Raises:
        InputError: the student's file does not say what errors to expect.
    """
    largest = []
    for done in student.evaluate_frames(frames):
        if done.uncertainties is None:
            raise InputError(
                "the student's file does not say what errors to expect, by which frames are to be "
                "ranked; add that with `ipip uncertainty`, or set harvest.rank: difference"
            )
        largest.append(float(done.uncertainties.max(initial=0.0)))
    return largest


def measure_reliability(
    student: OpenStudent, uncertainty: Uncertainty, frames: Sequence[Frame]
) -> Reliability:
    """Compare expected errors with those on labelled frames.

    Raises:
        InputError: a frame has no forces.
    """
    return reliability(
        *measured_errors(student, uncertainty, frames),
        factor=uncertainty.calibration.factor,
        quantile=uncertainty.calibration.quantile,
    )


def measured_errors(
    student: OpenStudent, uncertainty: Uncertainty, frames: Sequence[Frame]
) -> tuple[FloatArray, FloatArray]:
    """Return expected and true errors of the forces on the atoms of all frames, each [n] eV/Å."""
    expected = uncertainty.expected(*_features(student, frames))
    return expected, true_errors(student, frames)


def _features(student: OpenStudent, frames: Sequence[Frame]) -> tuple[FloatArray, IntArray]:
    if not len(frames):
        raise ValueError("no frames")
    species = [species_index(frame.numbers, student.symbols) for frame in frames]
    return np.concatenate(student.describe_frames(frames)), np.concatenate(species)


def _thinned(frames: Sequence[Frame]) -> Sequence[Frame]:
    atoms = sum(len(frame) for frame in frames)
    if atoms <= MOST_ATOMS:
        return frames
    step = -(-atoms // MOST_ATOMS)
    return [frames[index] for index in range(0, len(frames), step)]
