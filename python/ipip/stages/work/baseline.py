"""The baseline without pretraining: a student that has seen the reference frames alone."""

from __future__ import annotations

import dataclasses
import math

from ipip.config.training import TrainingSettings
from ipip.data import read_frames
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.label import LABEL, TRAIN_FILE, VALID_FILE
from ipip.stages.pretrain import PRETRAIN, STUDENT_FILE
from ipip.stages.work.evaluate import measure
from ipip.stages.work.training import new_student, train_student
from ipip.train import steps_of


def baseline(run: StageRun) -> StageResult:
    """Train a student on the reference training frames alone; measure it as the others are.

    It is the student 0 of a run with `pretrain: null` and the same number of optimiser steps in
    `finetune`: the same new weights, the same seed, the same frames.
    """
    settings, label = run.settings, LABEL.of(0)
    train = read_frames(run.path(label, TRAIN_FILE))
    valid = read_frames(run.path(label, VALID_FILE))
    training = settings.finetune
    if settings.baseline.match_steps:
        before = int(run.results(PRETRAIN.of(0))["steps"])
        training = with_more_steps(training, len(train), before)
    student = new_student(run)
    path = run.folder / STUDENT_FILE
    seed = derive_seed(settings.seed, 0, "finetune")
    fitted, _ = train_student(
        student, train, valid, training, run.folder / "training", path, seed, run
    )
    measured = measure(path, run)
    return dataclasses.replace(
        measured,
        outputs=(path, *measured.outputs),
        results=measured.results | {"steps": fitted.steps},
        times=measured.times | {"training_s": fitted.wall_s},
        seeds=measured.seeds | {"training": seed},
    )


def with_more_steps(training: TrainingSettings, frames: int, more: int) -> TrainingSettings:
    """Return settings of a training on `frames` frames with `more` optimiser steps than before."""
    total = steps_of(training, frames) + more
    epochs = math.ceil(total / -(-frames // training.batch_size))
    return training.model_copy(update={"budget": None, "max_steps": total, "max_epochs": epochs})
