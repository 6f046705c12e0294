"""Exploration by the student, in later rounds."""

from __future__ import annotations

from typing import ClassVar, Literal

from ipip.lammps.run_record import VERDICT_FILE
from ipip.pipeline.cost import BYTES_PER_ATOM, START_S, CostBasis, Forecast, RunSizes, frames_of
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.manifest import is_finished
from ipip.records.run_folder import RunFolder
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.inheritance import student_of
from ipip.stages.label import LABEL
from ipip.stages.teacher_md import TEACHER_MD


class StudentRunRecord(Figures):
    """One MD run of a student.

    Attributes:
        name: of the run.
        system: that it ran in.
        temperature: K.
        state: its outcome; see `ipip.lammps.Verdict`.
        reason: the bound that it crossed.
        step: last step reached.
        steps: planned steps.
        timestep_fs: fs.
        bias_ev: eV; largest bias energy of an atom, of an exploration with a bias.
    """

    name: str
    system: str
    temperature: float
    state: Literal["stable", "unstable", "failed"]
    reason: str | None
    step: int | None
    steps: int
    timestep_fs: float
    bias_ev: float | None = None

    @property
    def is_unstable(self) -> bool:
        """Whether the student left its bounds."""
        return self.state == "unstable"


class StudentMDRecord(StageRecord):
    """The record of an exploration by a student: its runs, in the order of the starts."""

    RUNS: ClassVar = "runs"
    GARBAGE_COLLECTED: ClassVar = "garbage_collected"  # marks one whose frames were removed
    writes = (f"{RUNS}/*/{VERDICT_FILE}",)

    runs: tuple[StudentRunRecord, ...]


class StudentMD(Stage[StudentMDRecord]):
    """Guarded MD of the student in LAMMPS, from the same boxes as the teacher's."""

    name = "10_explore"
    title = "student MD in LAMMPS"
    label = TEACHER_MD.label
    colour = TEACHER_MD.colour
    rounds = "later"
    settings = ("systems", "student_md", "guards")
    record = StudentMDRecord

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the guards' distances and the student from which the round starts."""
        return (LABEL.of(0), student_of(within.base))

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the frames of all runs and of their rings."""
        md = sizes.settings.student_md
        return (frames_of(md) + md.ring_frames) * sum(sizes.boxes) * BYTES_PER_ATOM

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the MD steps of all runs."""
        md, boxes = basis.settings.student_md, basis.sizes.boxes
        seconds = md.steps * sum(boxes) * basis.student_us * 1e-6 + START_S * len(boxes)
        return Forecast(
            f"{len(boxes)} runs of {md.steps} student MD steps in LAMMPS",
            seconds / basis.settings.resources.lammps_runs,
        )

    def damage(self, run: RunFolder, index: int) -> str | None:
        """Report frames that were removed before a harvest read them."""
        from ipip.stages.harvest import HARVEST

        removed = (run.stage(self.of(index)) / self.record.GARBAGE_COLLECTED).exists()
        if removed and not is_finished(run.stage(HARVEST.of(index))):
            return "frames that the harvest needs were removed by `ipip gc`"
        return None

    def work(self, run: StageRun) -> StageResult[StudentMDRecord]:
        """Run the MD."""
        from ipip.stages.work.student_md import explore_with_student

        return explore_with_student(run)


STUDENT_MD = StudentMD()
