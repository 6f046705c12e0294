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
from ipip.pretraining.teacher_targets import ask_for_embedding, ask_for_features, ask_for_rows
from ipip.train import FitResult, fit, set_energy_scale
from ipip.train.loss.objective import Objective

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """What a pretraining gave.

    Attributes:
        fit: as of any training; its student has the elements of the given one.
        teacher_calls: evaluations of the teacher, beside those of the labels.
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
    asked: Path,
    progress: bool = True,
    on_ask: Callable[[int, int], None] | None = None,
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
        teacher: is asked by methods that need more of it.
        asked: folder that keeps what it answered.
        progress: show a bar.
        on_ask: called with (teacher evaluations done, in all).

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
        rows, calls = ask_for_rows(method, train, teacher, asked, seed, on_ask)
        objective = HessianObjective(method, sizes, rows)
    elif isinstance(method, NodeMethod):
        features, calls = ask_for_features(method, train, teacher, asked, seed, on_ask)
        objective = NodeObjective(method, sizes, features, _width(student), seed)
    elif isinstance(method, AtomMethod):
        trained = copy.deepcopy(student)
        embed_from_teacher(trained, ask_for_embedding(student.symbols, teacher, asked), seed)
    elif isinstance(method, FradMethod):
        objective = FradObjective(method, train)
    elif isinstance(method, GpipMethod):
        trained = with_mask(student, seed)
        objective = GpipObjective(method, _width(student), len(student.symbols), seed)
    if objective is not None:
        objective.heads.to(student.dtype)
        log.info("pretraining: %s", objective.description)
    found = fit(
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
        own = without_mask(found.student, student).eval()
        found = dataclasses.replace(found, student=own)
    return Pretrained(found, calls)


def _width(student: Student) -> int:
    """Return the width of the student's final features."""
    width: int = student.readout[0].in_features  # type: ignore[assignment,union-attr]
    return width
