"""A training on the pretraining set by one of the methods."""

from __future__ import annotations

import copy
import dataclasses
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from ipip.config.pretraining import (
    AtomMethod,
    FradMethod,
    GpipMethod,
    HessianMethod,
    NodeMethod,
    PretrainSettings,
)
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.models import Student
from ipip.pretraining.distillation import HessianObjective, NodeObjective
from ipip.pretraining.features import embed_from_teacher
from ipip.pretraining.geometry import with_mask, without_mask
from ipip.pretraining.selfsupervision import FradObjective, GpipObjective
from ipip.pretraining.teacher_targets import query_embedding, query_features, query_rows
from ipip.train import FitResult, fit, set_energy_scale
from ipip.train.loss.objective import Objective

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """What a pretraining gave.

    Attributes:
        fit: as of any training; its student has the elements of the given one.
        teacher_calls: evaluations of the teacher, in addition to the labels.
    """

    fit: FitResult
    teacher_calls: int


def fit_by_method(
    student: Student,
    train: Sequence[Frame],
    valid: Sequence[Frame],
    settings: PretrainSettings,
    folder: Path,
    *,
    seed: int,
    teacher: TeacherSettings,
    target_folder: Path,
    progress: bool = True,
    on_evaluated: Callable[[int, int], None] | None = None,
) -> Pretrained:
    """Train a copy of a student as `ipip.train.fit` does, by `settings.method`.

    Methods without labels have nothing to validate: their student is that of the last step.

    Args:
        student: with the energy scale of its labels where `references` is keep.
        train: the pretraining set.
        valid: chooses the best epoch of methods with labels.
        settings: of the training, with the method.
        folder: of the training.
        seed: of order, draws and heads.
        teacher: queried by methods that need more of it.
        target_folder: folder for its results.
        progress: show a bar.
        on_evaluated: called with (teacher evaluations done, in all).

    Raises:
        InputError: as `fit`; or the teacher gives no features.
        IpipError: as `fit`; or the teacher fails on a frame.
    """
    method, plain = settings.method, settings.training
    if plain.references != "keep" and not method.uses_labels:
        student = copy.deepcopy(student)
        if all(frame.energy is not None and frame.forces is not None for frame in train):
            set_energy_scale(student, train, plain)
        plain = plain.model_copy(update={"references": "keep", "reference_energies": None})
    sizes = [len(frame) for frame in train]
    objective: Objective | None = None
    calls = 0
    trained = student
    if isinstance(method, HessianMethod):
        rows, calls = query_rows(method, train, teacher, target_folder, seed, on_evaluated)
        objective = HessianObjective(method, sizes, rows)
    elif isinstance(method, NodeMethod):
        features, calls = query_features(method, train, teacher, target_folder, seed, on_evaluated)
        objective = NodeObjective(method, sizes, features, _width(student), seed)
    elif isinstance(method, AtomMethod):
        trained = copy.deepcopy(student)
        embed_from_teacher(trained, query_embedding(student.symbols, teacher, target_folder), seed)
    elif isinstance(method, FradMethod):
        objective = FradObjective(method, train)
    elif isinstance(method, GpipMethod):
        trained = with_mask(student, seed)
        objective = GpipObjective(method, _width(student), len(student.symbols), seed)
    if objective is not None:
        objective.heads.to(student.dtype)
        log.info("pretraining: %s", objective.description)
    fitted = fit(
        trained,
        train,
        valid if method.uses_labels else (),
        plain,
        folder,
        seed=seed,
        progress=progress,
        objective=objective,
    )
    if isinstance(method, GpipMethod):
        own = without_mask(fitted.student, student).eval()
        fitted = dataclasses.replace(fitted, student=own)
    return Pretrained(fitted, calls)


def _width(student: Student) -> int:
    """Return the width of the student's final features."""
    width: int = student.readout[0].in_features  # type: ignore[assignment,union-attr]
    return width
