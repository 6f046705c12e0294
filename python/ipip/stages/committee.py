"""The committee, in rounds that another round may start from."""

from __future__ import annotations

from ipip.config.run import RunSettings
from ipip.pipeline.cost import CHECKPOINT_BYTES, CostBasis, Forecast, RunSizes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import StageRecord
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.reference_labels import REFERENCE_LABELS


class CommitteeRecord(StageRecord):
    """The force MAE (eV/Å) of each further member on the validation frames, if there are any."""

    writes = ("member_*.pt",)

    valid_force_mae_ev_per_a: tuple[float | None, ...]


class Committee(Stage[CommitteeRecord]):
    """Further students from the same pretrained weights, each on a fraction of the labels."""

    name = "45_committee"
    title = "fine-tune the committee"
    label = "committee"
    colour = "#584b15"
    condition = "with `iteration.committee` above 1, and not in the last round"
    settings = ("finetune", "iteration.committee", "iteration.committee_share")
    record = CommitteeRecord

    def is_wanted(self, settings: RunSettings, index: int) -> bool:
        """Return whether there is a committee, and a later round that uses it."""
        return settings.iteration.committee > 1 and index < settings.rounds

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the pretrained student and the reference frames."""
        labelled = REFERENCE_LABELS.in_rounds(within)
        return (LABEL.of(0), PRETRAIN.of(within.index), *labelled)

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the checkpoints of all members."""
        return sizes.settings.iteration.committee * CHECKPOINT_BYTES

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the optimiser steps of all members."""
        iteration = basis.settings.iteration
        further = iteration.committee - 1
        count = round(iteration.committee_share * basis.train)
        steps = further * basis.optimiser_steps(basis.settings.finetune, count)
        return Forecast(
            f"{further} further members, {steps} optimiser steps",
            basis.training_s(steps, basis.atoms_per_step),
        )

    def work(self, run: StageRun) -> StageResult[CommitteeRecord]:
        """Train."""
        from ipip.stages.work.stage_task import train_where

        return train_where(run, "committee", CommitteeRecord)


COMMITTEE = Committee()
