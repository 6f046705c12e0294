"""The baseline without pretraining: a student trained on the reference frames alone."""

from __future__ import annotations

import math

from ipip.config.training import TrainingSettings, steps_per_epoch
from ipip.data import read_frames
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.baseline import BASELINE, BaselineRecord
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN, TrainingRecord
from ipip.stages.work.evaluate import measure
from ipip.stages.work.stage_task import train_where
from ipip.stages.work.training import new_student, train_student
from ipip.train import steps_of


def baseline(run: StageRun) -> StageResult[BaselineRecord]:
    """Train a student on the reference training frames alone; evaluate it like the others."""
    trained = train_where(run, "baseline", TrainingRecord)
    measured = measure(run.folder / BASELINE.record.STUDENT, run)
    return StageResult(
        outputs=(*trained.outputs, *measured.outputs),
        record=BaselineRecord(**dict(measured.record), steps=trained.record.steps),
        times=measured.times | trained.times,
        seeds=measured.seeds | trained.seeds,
        note=measured.note,
    )


def train_baseline(run: StageRun) -> StageResult[TrainingRecord]:
    """Train the student.

    It equals student 0 of a run with `pretrain: null` and the same number of optimiser steps in
    `finetune`: the same new weights, the same seed, the same frames.
    """
    settings, label = run.settings, LABEL.of(0)
    train = read_frames(run.path(label, LABEL.record.TRAIN))
    valid = read_frames(run.path(label, LABEL.record.VALID))
    training = settings.finetune
    if settings.baseline.match_steps:
        before = PRETRAIN.read(run.manifests, 0).steps
        training = with_more_steps(training, len(train), before)
    student = new_student(run)
    path = run.folder / BASELINE.record.STUDENT
    seed = derive_seed(settings.seed, 0, "finetune")
    folder = run.folder / PRETRAIN.record.TRAINING
    fitted, _ = train_student(student, train, valid, training, folder, path, seed, run)
    return StageResult(
        outputs=(path,),
        record=TrainingRecord(steps=fitted.steps),
        times={"training_s": fitted.wall_s},
        seeds={"training": seed},
    )


def with_more_steps(training: TrainingSettings, frames: int, more: int) -> TrainingSettings:
    """Return settings of a training on `frames` frames with `more` optimiser steps than before."""
    total = steps_of(training, frames) + more
    epochs = math.ceil(total / steps_per_epoch(training, frames))
    return training.model_copy(update={"budget": None, "max_steps": total, "max_epochs": epochs})
