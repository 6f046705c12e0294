"""Pretraining, in every round."""

from __future__ import annotations

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
from ipip.stages.inheritance import pretraining_set_of, student_of
from ipip.stages.label import LABEL

STUDENT_FILE = "student.pt"
CURVES = "training/*.csv"


class Pretrain(Stage):
    """A training on the round's pretraining set."""

    name = "30_pretrain"
    title = "pretrain the student"
    label = "pretrain"
    colour = "#56b4e9"
    settings = ("elements", "student", "pretrain", "teacher", "iteration.start")
    writes = (STUDENT_FILE, CURVES)
    curve = "pretraining"
    revision = 2

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return all but the teacher's where no method queries it and the start's in round 0."""
        pretrain = within.settings.pretrain
        queries = pretrain is not None and pretrain.method.asks_teacher
        names = ("elements", "student", "pretrain")
        return names + ("teacher",) * queries + ("iteration.start",) * bool(within.chain)

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the round's own set, and the student that it may begin with."""
        before = (student_of(within.base),) if within.chain else ()
        return (LABEL.of(0), pretraining_set_of(within.index), *before)

    def teacher_calls(self, settings: RunSettings) -> int:
        """Return what the method of pretraining evaluates."""
        return method_calls(settings)

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the checkpoints."""
        return CHECKPOINT_BYTES

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the optimiser steps, and what a method evaluates."""
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

    def work(self, run: StageRun) -> StageResult:
        """Train."""
        from ipip.stages.work.stage_task import train_where

        return train_where(run, "pretrain")


PRETRAIN = Pretrain()
