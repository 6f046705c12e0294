"""The baseline without pretraining, in round 0 if the settings request it."""

from __future__ import annotations

from typing import ClassVar

from ipip.config.run import RunSettings
from ipip.pipeline.cost import CHECKPOINT_BYTES, CostBasis, Forecast, RunSizes, pretraining_frames
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.stages.evaluate import EVALUATE, MEASURED, EvaluateRecord
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN


class BaselineRecord(EvaluateRecord):
    """The record of the baseline's evaluation, and its optimiser steps."""

    STUDENT: ClassVar = PRETRAIN.record.STUDENT
    writes = (STUDENT, EvaluateRecord.TEST)

    steps: int


class Baseline(Stage[BaselineRecord]):
    """A student trained on the reference frames alone, evaluated like the others."""

    name = "60_baseline"
    title = "baseline: a student without pretraining"
    label = "baseline"
    colour = "#d55e00"
    rounds = "first"
    condition = "with `baseline.none`"
    settings = ("elements", "student", "finetune", "baseline.match_steps", *MEASURED)
    record = BaselineRecord
    revision = 2

    def is_wanted(self, settings: RunSettings, index: int) -> bool:
        """Return whether the settings request it."""
        return settings.baseline.none

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the reference frames, and the pretraining whose steps it gets."""
        return (LABEL.of(0), PRETRAIN.of(0))

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the checkpoints and the frames of the stability runs."""
        return CHECKPOINT_BYTES + sizes.evaluation_bytes

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the optimiser steps, and the evaluation."""
        settings = basis.settings
        steps = basis.optimiser_steps(settings.finetune, basis.train)
        if settings.baseline.match_steps and settings.pretrain is not None:
            training, _ = pretraining_frames(basis.settings, index)
            steps += basis.optimiser_steps(settings.pretrain, training)
        seconds = basis.training_s(steps, basis.atoms_per_step)
        measured = EVALUATE.forecast(basis, index)
        work = f"{steps} optimiser steps, then as {EVALUATE.name}"
        return Forecast(work, seconds + measured.seconds)

    def work(self, run: StageRun) -> StageResult[BaselineRecord]:
        """Train and evaluate."""
        from ipip.stages.work.baseline import baseline

        return baseline(run)


BASELINE = Baseline()
