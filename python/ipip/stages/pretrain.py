"""Pretraining, in every round."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ipip.config.run import RunSettings
from ipip.pipeline.cost import (
    CHECKPOINT_BYTES,
    CostBasis,
    Forecast,
    RunSizes,
    method_calls,
    pretraining_frames,
)
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.inheritance import pretraining_set_of, student_of
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import frames_of


class TrainingRecord(StageRecord):
    """The record of a training.

    Attributes:
        steps: optimiser steps.
        best_epoch: whose weights were selected; None without a training.
        train_frames, valid_frames: numbers of its frames.
        validation: figures of that epoch, by their names in the table of epochs without `valid_`.
    """

    STUDENT: ClassVar = "student.pt"
    TRAINING: ClassVar = "training"  # folder
    PLAN: ClassVar = f"{TRAINING}/plan.json"  # planned optimiser steps, for watchers
    EPOCHS: ClassVar = f"{TRAINING}/metrics.csv"
    writes = (STUDENT, f"{TRAINING}/*.csv")

    steps: int
    best_epoch: int | None = None
    train_frames: int = 0
    valid_frames: int = 0
    validation: dict[str, float] = Field(default_factory=dict)

    @property
    def valid_force_mae_ev_per_a(self) -> float | None:
        """Force MAE on the validation frames, eV/Å; None if there are none."""
        return self.validation.get("force_mae_ev_per_a")


class HarvestedErrors(Figures):
    """Errors on harvested frames that no round trains on.

    Attributes:
        frames: number of them.
        force_mae_ev_per_a: eV/Å.
    """

    frames: int
    force_mae_ev_per_a: float


class PretrainRecord(TrainingRecord):
    """The record of a pretraining.

    Attributes:
        method: of pretraining.
        harvested: None if no harvested frame is held out.
    """

    method: str
    harvested: HarvestedErrors | None = None


class Pretrain(Stage[PretrainRecord]):
    """A training on the round's pretraining set."""

    name = "30_pretrain"
    title = "pretrain the student"
    label = "pretrain"
    colour = "#56b4e9"
    settings = ("elements", "student", "pretrain", "teacher", "iteration.start")
    record = PretrainRecord
    curve = "pretraining"
    revision = 2

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return all but the teacher's, unless a method queries it, and the start's in round 0."""
        pretrain = within.settings.pretrain
        queries = pretrain is not None and pretrain.method.needs_teacher
        names = ("elements", "student", "pretrain")
        return names + ("teacher",) * queries + ("iteration.start",) * bool(within.chain)

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the round's set, and the student from which it may start."""
        before = (student_of(within.base),) if within.chain else ()
        return (LABEL.of(0), pretraining_set_of(within.index), *frames_of(within), *before)

    def teacher_calls(self, settings: RunSettings) -> int:
        """Return the evaluations of the method of pretraining."""
        return method_calls(settings)

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the checkpoints."""
        return CHECKPOINT_BYTES

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the optimiser steps, and the evaluations of the method."""
        training, held_out = pretraining_frames(basis.settings, index)
        settings = basis.settings.pretrain
        if settings is None:
            return Forecast("no pretraining", 0.0)
        steps = basis.optimiser_steps(settings, training)
        calls = method_calls(basis.settings)
        work = f"{steps} optimiser steps on {training + held_out} frames"
        if settings.method.kind != "labels":
            work += f" by {settings.method.kind}"
        if calls:
            work += f", at most {calls} teacher evaluations"
        seconds = basis.training_s(steps, basis.mean_atoms * settings.batch_size)
        return Forecast(work, seconds + basis.labelling_s(calls * basis.mean_atoms), calls)

    def work(self, run: StageRun) -> StageResult[PretrainRecord]:
        """Train."""
        from ipip.stages.work.stage_task import train_where

        return train_where(run, "pretrain", PretrainRecord)


PRETRAIN = Pretrain()
