"""Fine-tuning, in every round."""

from __future__ import annotations

from ipip.config.run import RunSettings
from ipip.config.training import steps_per_epoch
from ipip.pipeline.cost import CHECKPOINT_BYTES, CostBasis, Forecast, RunSizes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.stages.inheritance import pretraining_set_of
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN, TrainingRecord
from ipip.stages.pretraining_frames import frames_of
from ipip.stages.reference_labels import REFERENCE_LABELS


def learns_from_set(settings: RunSettings) -> bool:
    """Return whether a round's fine-tuned student was also trained on its pretraining set."""
    return settings.iteration.replay > 0 or settings.pretrain is not None


class Finetune(Stage[TrainingRecord]):
    """A training of the pretrained student on the reference frames: the round's student."""

    name = "40_finetune"
    title = "fine-tune it on the reference frames"
    label = "fine-tune"
    colour = "#8f7ee0"
    settings = ("finetune", "iteration.replay")
    record = TrainingRecord
    curve = "fine-tuning"

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return the replay only if there is one."""
        return self.settings if within.settings.iteration.replay > 0 else ("finetune",)

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the pretrained student, the reference frames, and its earlier training frames.

        Some of these are replayed, and all of them calibrate the student's uncertainty.
        """
        learnt = learns_from_set(within.settings)
        own = (pretraining_set_of(within.index), *frames_of(within)) if learnt else ()
        labelled = REFERENCE_LABELS.in_rounds(within)
        return (LABEL.of(0), PRETRAIN.of(within.index), *own, *labelled)

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the checkpoints."""
        return CHECKPOINT_BYTES

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the optimiser steps."""
        settings = basis.settings.finetune
        count = basis.train + round(basis.settings.iteration.replay * basis.train)
        steps = basis.optimiser_steps(settings, count)
        passes = steps / steps_per_epoch(settings, count)
        return Forecast(
            f"{steps} optimiser steps on {count} frames, {passes:.0f} epochs",
            basis.training_s(steps, basis.atoms_per_step),
        )

    def work(self, run: StageRun) -> StageResult[TrainingRecord]:
        """Train."""
        from ipip.stages.work.stage_task import train_where

        return train_where(run, "finetune", TrainingRecord)


FINETUNE = Finetune()
