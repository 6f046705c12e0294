"""Adds expected errors to a finished student, and checks them on held-out frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.data.view import FrameView
from ipip.errors import InputError
from ipip.evaluation.expected_errors import (
    InTraining,
    Measured,
    explained,
    features_in_training,
    fit_measured,
    measure,
)
from ipip.evaluation.students import open_student
from ipip.uncertainty import (
    Reliability,
    Uncertainty,
    read_uncertainty,
    reliability,
    write_uncertainty,
)

FEWEST = 4  # frames, so that both halves can be fitted


@dataclasses.dataclass(frozen=True)
class Checked:
    """The added uncertainty and its check.

    Attributes:
        uncertainty: in the file, fitted to all frames.
        check: of two fits, each to half of the frames, on the other half.
        how: source of the features in training.
    """

    uncertainty: Uncertainty
    check: Reliability
    how: str

    def as_dict(self) -> dict[str, Any]:
        """Return all as JSON values."""
        return {
            "check": self.check.as_dict(),
            "how": self.how,
            "fitted_on": self.uncertainty.fitted_on,
        }


def add_checked_uncertainty(
    model: Path,
    frames: Sequence[Frame],
    training: Sequence[Frame] | None,
    *,
    group: str | None = None,
    target: Path | None = None,
) -> Checked:
    """Fit expected errors, check them, and write them into the model file.

    Args:
        model: the model file.
        frames: with forces, that the student was not trained on.
        training: that it was trained on; None: the features in training stored in the file are
            used, or else the features of half of the frames.
        group: key of the group (a trajectory) whose frames stay in one half.
        target: file to write instead of `model`.

    Returns:
        What was written, and its check on held-out frames.

    Raises:
        InputError: a file is not a student, or the frames are too few or unlabelled.
    """
    student, metadata = open_student(model)
    check_elements(frames, metadata.symbols)
    if len(frames) < FEWEST:
        raise InputError(f"{len(frames)} frames; expected {FEWEST} or more, labelled with forces")
    stored = read_uncertainty(model)
    trained: InTraining | None = None
    second = _second_half(frames, group)
    if training is not None:
        check_elements(training, metadata.symbols)
        how = f"features of {len(training)} frames it was trained on"
    elif stored is not None:
        training, trained = [], InTraining(stored.density)
        how = "features in training stored in the file"
    else:
        training, frames = (
            FrameView([frames], np.flatnonzero(second == half)) for half in (False, True)
        )
        second = _second_half(frames, group)
        how = (
            f"without --training: features of {len(training)} of the frames instead of training "
            f"frames, errors of the other {len(frames)}"
        )
    with explained(training, frames):
        if trained is None:
            trained = features_in_training(student, training)
        measured = measure(student, trained.density, frames)
        in_second = np.repeat(second, [len(frame) for frame in frames])
        check = _in_turns(measured, in_second, len(student.symbols))
        fitted = fit_measured(trained, measured, frames)
    write_uncertainty(model, fitted, target)
    return Checked(fitted, check, how)


def _second_half(frames: Sequence[Frame], group: str | None) -> npt.NDArray[np.bool_]:
    """Divide frames into halves, by trajectories if they are named, else by blocks.

    Returns:
        [n] whether each frame is of the second half.
    """
    if group is not None:
        missing = sum(group not in frame.info for frame in frames)
        if missing:
            raise InputError(f"{missing} frames have no {group}; name a key that all have")
        names = [str(frame.info[group]) for frame in frames]
    else:
        blocks = min(10, len(frames))  # neighbouring frames are similar
        names = [str(index * blocks // len(frames)) for index in range(len(frames))]
    groups = sorted(set(names), key=names.index)
    if len(groups) < 2:
        raise InputError(f"all frames are of one {group}; give frames of two or more")
    odd = {name for place, name in enumerate(groups) if place % 2}
    return np.array([name in odd for name in names])


def _in_turns(measured: Measured, in_second: npt.NDArray[np.bool_], n_species: int) -> Reliability:
    """Fit to the atoms of each half and compare on the other half."""
    expected, errors, factors, quantile = [], [], [], 0.0
    for left_out in (in_second, ~in_second):
        fitted, held_out = measured.part(~left_out).calibration(n_species), measured.part(left_out)
        expected.append(fitted.expected(held_out.scores, held_out.species))
        errors.append(held_out.errors)
        # Shares below differ by the factor of each fit.
        factors.append(fitted.factor)
        quantile = fitted.quantile
    combined = reliability(
        np.concatenate(expected),
        np.concatenate(errors),
        factor=float(np.mean(factors)),
        quantile=quantile,
    )
    below = np.concatenate(
        [e <= factor * x for x, e, factor in zip(expected, errors, factors, strict=True)]
    )
    return dataclasses.replace(combined, below=float(below.mean()))
