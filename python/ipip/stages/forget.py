"""Forgetting, in later rounds."""

from __future__ import annotations

from typing import ClassVar

from ipip.pipeline.cost import START_S, CostBasis, Forecast, RunSizes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import StageRecord
from ipip.stages.inheritance import pretraining_set_of


class ForgetRecord(StageRecord):
    """The numbers of forgotten frames and of all frames."""

    FORGOTTEN: ClassVar = "forgotten.json"
    writes = (FORGOTTEN,)

    forgotten: int
    of: int


class Forget(Stage[ForgetRecord]):
    """A random fraction of the training frames is removed from the pretraining set."""

    name = "05_forget"
    title = "forget a fraction of the pretraining set"
    label = "forget"
    colour = "#ebdab3"
    rounds = "later"
    settings = ("iteration.forget_fraction",)
    record = ForgetRecord
    revision = 3

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the set from which the round starts."""
        return (pretraining_set_of(within.base),)

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return a list of indices."""
        return 100_000

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return a moment."""
        return Forecast("draw the frames to forget", START_S)

    def work(self, run: StageRun) -> StageResult[ForgetRecord]:
        """Draw the frames to forget."""
        from ipip.stages.work.forget import forget

        return forget(run)


FORGET = Forget()
