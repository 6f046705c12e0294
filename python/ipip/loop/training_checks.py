"""Checks of a run's two trainings before the teacher's MD starts."""

from __future__ import annotations

from collections.abc import Sequence

from ipip.config.run import RunSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.models import build_student
from ipip.train.preparation.freeze import freeze
from ipip.train.records.fingerprint import check_frames
from ipip.train.records.wandb_log import check_wandb


def check_trainings(settings: RunSettings, train: Sequence[Frame], valid: Sequence[Frame]) -> None:
    """Check frozen layers, precision, weights of config types and packages of both trainings.

    Args:
        settings: of the run.
        train: reference frames of the fine-tuning.
        valid: its validation frames.

    Raises:
        InputError: names `pretrain` or `finetune`, and the problem.
    """
    for name, training in (("pretrain", settings.pretrain), ("finetune", settings.finetune)):
        if training is None:
            continue
        student = build_student(
            settings.student.architecture,
            settings.elements,
            seed=settings.seed,
            **settings.student.arguments(),
        )
        try:
            freeze(student, training.freeze)
            if training.wandb_project is not None:
                check_wandb()
            if training.precision != "full" and student.dtype_name != "float32":
                raise InputError(
                    f"precision is {training.precision} with a {student.dtype_name} student; set "
                    "student.dtype to float32"
                )
            if name == "finetune":
                if (
                    settings.iteration.replay or settings.active is not None
                ):  # more config types may follow
                    training = training.model_copy(update={"config_type_weights": {}})
                check_frames(train, valid, (), student, training)
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
