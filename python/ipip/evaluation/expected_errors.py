"""Fits the expected errors of a student to frames, and compares them with true errors."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ipip.data.digest import frames_digest
from ipip.data.frame import FloatArray, Frame, IntArray
from ipip.errors import InputError
from ipip.evaluation.students import OpenStudent, open_student
from ipip.graph.species import species_index
from ipip.uncertainty import (
    Calibration,
    Density,
    Reliability,
    Uncertainty,
    fit_calibration,
    fit_density,
    reliability,
    write_uncertainty,
)
from ipip.uncertainty.record import require_uncertainty

MOST_ATOMS = 200_000  # with features in memory at once; more are thinned evenly

log = logging.getLogger(__name__)


def add_uncertainty(
    model: Path,
    training: Sequence[Frame],
    validation: Sequence[Frame],
    *,
    target: Path | None = None,
) -> Uncertainty:
    """Fit expected errors, and write them into the model file.

    Args:
        model: the model file.
        training: frames that the student was trained on; labels are not used.
        validation: frames with forces that it was not trained on.
        target: file to write instead of `model`.

    Returns:
        What was written.

    Raises:
        InputError: a file is not a student, it lacks an element, a validation frame has no
            forces, or there are too few frames.
    """
    student, _ = open_student(model)
    fitted = fit_uncertainty(student, training, validation)
    write_uncertainty(model, fitted, target)
    return fitted


def try_add_uncertainty(
    model: Path, training: Sequence[Frame], validation: Sequence[Frame]
) -> None:
    """Run `add_uncertainty` for a newly trained student.

    If the frames do not allow a fit, the student stays without, and a warning gives the reason: its
    training is not lost.
    """
    if not len(validation) or any(frame.forces is None for frame in validation):
        return
    try:
        add_uncertainty(model, training, validation)
    except InputError as error:
        log.warning("%s has no uncertainty: %s", model, error)


def fit_uncertainty(
    student: OpenStudent, training: Sequence[Frame], validation: Sequence[Frame]
) -> Uncertainty:
    """Fit the expected errors of a student; see `add_uncertainty`."""
    with explained(training, validation):
        trained = features_in_training(student, training)
        measured = measure(student, trained.density, validation)
        return fit_measured(trained, measured, validation)


@dataclasses.dataclass(frozen=True)
class Measured:
    """The n atoms of labelled frames.

    Attributes:
        scores: [n] distance to the features in training.
        species: [n] index into the student's symbols.
        errors: [n] eV/Å, true norm of the error of the force.
    """

    scores: FloatArray
    species: IntArray
    errors: FloatArray

    def part(self, chosen: npt.NDArray[np.bool_]) -> Measured:
        """Return some of the atoms; `chosen`: [n]."""
        return Measured(self.scores[chosen], self.species[chosen], self.errors[chosen])

    def calibration(self, n_species: int) -> Calibration:
        """Fit the map to the atoms; see `fit_calibration`."""
        return fit_calibration(self.scores, self.errors, self.species, n_species)


@contextlib.contextmanager
def explained(training: Sequence[Frame], validation: Sequence[Frame]) -> Iterator[None]:
    """Turn an error of a fit into a message that describes the frames."""
    try:
        yield
    except ValueError as error:
        raise InputError(
            f"{len(training)} training and {len(validation)} validation frames are not enough to "
            f"fit expected errors ({error}); give labelled frames of each"
        ) from None


@dataclasses.dataclass(frozen=True)
class InTraining:
    """Features in training.

    Attributes:
        density: fitted to them.
        frames: number of fitted frames; 0 if it came with the student.
        digest: of these frames.
    """

    density: Density
    frames: int = 0
    digest: str | None = None


def features_in_training(student: OpenStudent, training: Sequence[Frame]) -> InTraining:
    """Fit the features of a student's training frames, which are read once.

    Raises:
        ValueError: as `fit_density`.
    """
    chosen, digest = thinned(training, MOST_ATOMS)
    density = fit_density(*_features(student, chosen), len(student.symbols))
    return InTraining(density, len(training), digest)


def measure(student: OpenStudent, density: Density, frames: Sequence[Frame]) -> Measured:
    """Return distances from training and force errors of the atoms of labelled frames.

    Raises:
        InputError: a frame has no forces.
        ValueError: there are no frames.
    """
    features, species = _features(student, frames)
    return Measured(density.score(features, species), species, true_errors(student, frames))


def fit_measured(
    trained: InTraining, measured: Measured, validation: Sequence[Frame]
) -> Uncertainty:
    """Fit expected errors to the atoms of the validation frames.

    Raises:
        ValueError: as `fit_calibration`.
    """
    density, errors = trained.density, measured.errors
    calibration = measured.calibration(len(density.means))
    fitted_on = {
        "training_frames": trained.frames,
        "training_digest": trained.digest,
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
    return _differences(frames, [done.forces for done in student.evaluate_frames(frames)])


def _differences(frames: Iterable[Frame], predicted: Iterable[FloatArray | None]) -> FloatArray:
    """Return the norm of the difference to the forces of each frame, [n] eV/Å."""
    parts = []
    for index, (frame, forces) in enumerate(zip(frames, predicted, strict=True)):
        if frame.forces is None:
            raise InputError(f"frame {index} has no forces; give labelled frames")
        assert forces is not None
        parts.append(np.linalg.norm(forces - frame.forces, axis=1))
    return np.concatenate(parts) if parts else np.zeros(0)


def largest_expected_errors(
    model: Path, frames: Sequence[Frame], device: str = "cpu"
) -> FloatArray:
    """Return the largest expected error of a force of each frame, [n] eV/Å.

    Args:
        model: the model file.
        frames: configurations.
        device: on which the student is evaluated, see `open_student`.

    Raises:
        InputError: the student's file has no expected errors.
    """
    require_uncertainty(model)
    student, _ = open_student(model, device=device)
    evaluated = student.evaluate_frames(frames)
    return np.array([done.largest_uncertainty for done in evaluated], dtype=np.float64)


def measure_reliability(
    student: OpenStudent,
    uncertainty: Uncertainty,
    frames: Sequence[Frame],
    predicted: Sequence[Frame],
) -> Reliability:
    """Compare expected errors with true ones on labelled frames.

    Args:
        student: for the features.
        uncertainty: of the student.
        frames: with forces.
        predicted: the same frames with the student's forces.

    Raises:
        InputError: a frame has no forces.
    """
    return reliability(
        uncertainty.expected(*_features(student, frames)),
        _differences(frames, (frame.forces for frame in predicted)),
        factor=uncertainty.calibration.factor,
        quantile=uncertainty.calibration.quantile,
    )


def _features(student: OpenStudent, frames: Sequence[Frame]) -> tuple[FloatArray, IntArray]:
    if not len(frames):
        raise ValueError("no frames")
    species = [species_index(frame.numbers, student.symbols) for frame in frames]
    return np.concatenate(student.describe_frames(frames)), np.concatenate(species)


def thinned(frames: Iterable[Frame], most_atoms: int) -> tuple[list[Frame], str]:
    """Return every n-th frame, with at most `most_atoms` atoms, and the digest of all frames.

    Frames may be on a disk: each is read once, and frames that are not selected are not kept.

    Args:
        frames: to select from.
        most_atoms: of the selected ones; a single frame may have more.
    """
    chosen: list[Frame] = []
    step = 1

    def passing() -> Iterator[Frame]:
        nonlocal chosen, step
        atoms = 0
        for index, frame in enumerate(frames):
            if index % step == 0:
                chosen.append(frame)
                atoms += len(frame)
            while atoms > most_atoms and len(chosen) > 1:
                chosen, step = chosen[::2], 2 * step
                atoms = sum(len(one) for one in chosen)
            yield frame

    digest = frames_digest(passing())
    return chosen, digest
