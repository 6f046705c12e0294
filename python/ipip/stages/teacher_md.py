"""Exploration by the teacher, in round 0."""

from __future__ import annotations

from typing import ClassVar, Literal

from ipip.pipeline.cost import (
    TEACHER_START_S,
    CostBasis,
    Forecast,
    RunSizes,
    frames_of,
    pretraining_frames,
    stored_bytes,
)
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord


class TeacherRunRecord(Figures):
    """One MD run of the teacher.

    Attributes:
        name: of the run.
        state: ``failed`` if the teacher's run left its bounds.
        reason: why it failed.
        step: last step reached.
        frames: number of stored frames.
    """

    name: str
    state: Literal["finished", "failed"]
    reason: str | None
    step: int
    frames: int


class TeacherIdentity(Figures):
    """The teacher of the labels; see `ipip.teachers.TeacherInfo`."""

    kind: str
    model: str
    modal: str | None
    weights_digest: str | None
    versions: dict[str, str]


class TeacherMDRecord(StageRecord):
    """The record of the teacher's MD.

    Attributes:
        runs: in the order of the starts.
        frames: of the runs that ended well.
        teacher: its identity.
    """

    RUNS: ClassVar = "runs"
    TEACHER: ClassVar = "teacher.json"
    writes = (f"{RUNS}/*.lmdb",)

    runs: tuple[TeacherRunRecord, ...]
    frames: int
    teacher: TeacherIdentity

    @property
    def finished_runs(self) -> list[str]:
        """Names of the runs that ended well, sorted; failed ones give no frames."""
        return sorted(run.name for run in self.runs if run.state == "finished")


class TeacherMD(Stage[TeacherMDRecord]):
    """MD of the teacher from every start: the frames of the first pretraining set."""

    name = "10_explore"
    title = "teacher MD"
    label = "explore (MD)"
    colour = "#e69f00"
    rounds = "first"
    settings = ("teacher", "systems", "teacher_md")
    record = TeacherMDRecord
    revision = 2

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return none: it is the first."""
        return ()

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the frames of all runs."""
        frames = frames_of(sizes.settings.teacher_md)
        return sum(stored_bytes(frames, atoms) for atoms in sizes.boxes)

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the MD steps of all runs."""
        md, boxes = basis.settings.teacher_md, basis.sizes.boxes
        frames = sum(pretraining_frames(basis.settings, index))
        return Forecast(
            f"{len(boxes)} runs of {md.steps} teacher MD steps, {frames} frames",
            basis.labelling_s((md.steps + md.relax_steps) * sum(boxes)) + TEACHER_START_S,
            teacher_calls=len(boxes) * md.steps,
        )

    def work(self, run: StageRun) -> StageResult[TeacherMDRecord]:
        """Run the MD."""
        from ipip.stages.work.teacher_md import explore_with_teacher

        return explore_with_teacher(run)


TEACHER_MD = TeacherMD()
