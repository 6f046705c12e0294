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
    """What a harvest leaves.

    Attributes:
        candidates: frames that were looked at.
        labelled: of them, by the teacher.
        taken: of them, into the pretraining set.
        taken_from_unstable: of these, from runs that left their bounds.
        mean_force_difference_ev_per_a: between student and teacher on them, eV/Å; None where no
            frame was taken.
        left: how many frames were left for each kind of reason.
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
    title = "choose frames and label them with the teacher"
    label = "harvest"
    colour = "#cc79a7"
    rounds = "later"
    settings = ("teacher", "harvest")
    record = HarvestRecord
    revision = 2

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the MD, its student, and all that is known already."""
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
            f"at most {calls} teacher labels, {settings.frames} frames taken",
            basis.labelling_s(calls * basis.mean_atoms) + 2 * TEACHER_START_S,
            teacher_calls=calls,
        )

    def work(self, run: StageRun) -> StageResult[HarvestRecord]:
        """Choose and label."""
        from ipip.stages.work.harvest import harvest

        return harvest(run)


HARVEST = Harvest()
