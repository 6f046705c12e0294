"""The harvest of a student's MD, in later rounds."""

from __future__ import annotations

from typing import ClassVar

from ipip.config.run import RunSettings
from ipip.pipeline.cost import TEACHER_START_S, CostBasis, Forecast, RunSizes, stored_bytes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import StageRecord
from ipip.stages.forget import FORGET
from ipip.stages.inheritance import pretraining_set_of, student_of
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import ORIGINS_FILE, frames_before
from ipip.stages.student_md import STUDENT_MD


class HarvestRecord(StageRecord):
    """The record of a harvest.

    Attributes:
        candidates: candidate frames.
        labelled: those labelled by the teacher.
        taken: those selected for the pretraining set.
        taken_from_unstable: selected ones from runs that left their bounds.
        mean_force_difference_ev_per_a: between student and teacher on the selected ones, eV/Å; None
            without any.
        left: number of frames that were not selected, by reason.
    """

    NEW: ClassVar = "new.lmdb"
    ORIGINS: ClassVar = ORIGINS_FILE
    DECISIONS: ClassVar = "harvest.csv"
    writes = (DECISIONS, NEW, ORIGINS)

    candidates: int
    labelled: int
    taken: int
    taken_from_unstable: int
    mean_force_difference_ev_per_a: float | None
    left: dict[str, int]


class Harvest(Stage[HarvestRecord]):
    """Frames of the student's MD, unstable runs first, labelled by the teacher."""

    name = "15_harvest"
    title = "select frames and label them with the teacher"
    label = "harvest"
    colour = "#cc79a7"
    rounds = "later"
    settings = ("teacher", "harvest")
    record = HarvestRecord
    revision = 2

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the MD, its student, and all earlier frames."""
        return (
            LABEL.of(0),
            pretraining_set_of(within.base),
            FORGET.of(within.index),
            STUDENT_MD.of(within.index),
            student_of(within.base),
            *frames_before(within),
        )

    def teacher_calls(self, settings: RunSettings) -> int:
        """Return the number of frames that may be labelled."""
        return settings.harvest.teacher_calls

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the candidates."""
        return stored_bytes(sizes.settings.harvest.candidates, max(sizes.boxes))

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the teacher's labels."""
        settings, calls = basis.settings.harvest, basis.settings.harvest.teacher_calls
        return Forecast(
            f"at most {calls} teacher labels, {settings.frames} selected frames",
            basis.labelling_s(calls * basis.mean_atoms) + 2 * TEACHER_START_S,
            teacher_calls=calls,
        )

    def work(self, run: StageRun) -> StageResult[HarvestRecord]:
        """Select and label."""
        from ipip.stages.work.harvest import harvest

        return harvest(run)


HARVEST = Harvest()
