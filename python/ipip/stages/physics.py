"""The physics checks of the round's student, in rounds of runs that request them."""

from __future__ import annotations

from typing import ClassVar

from ipip.config.run import RunSettings
from ipip.pipeline.cost import TEACHER_START_S, CostBasis, Forecast, RunSizes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL

STUDENT_S = 20.0
TEACHER_EVALUATIONS = 3500
TEACHER_ATOMS = 12.0  # of most of them


class CheckRecord(Figures):
    """The outcome of one check.

    Attributes:
        check: its name.
        title: of it, for people.
        state: `holds`, `fails` or `does not apply`.
        found: its most informative measure with its bound, as text.
    """

    check: str
    title: str
    state: str
    found: str


class PhysicsRecord(StageRecord):
    """The record of the physics checks.

    Attributes:
        student: outcomes for the round's student.
        teacher: outcomes for the teacher, in round 0 if it was checked.
    """

    PAGE: ClassVar = "physics.html"
    TABLE: ClassVar = "physics.json"
    writes: ClassVar[tuple[str, ...]] = (PAGE, TABLE)

    student: tuple[CheckRecord, ...]
    teacher: tuple[CheckRecord, ...] = ()

    @property
    def broken(self) -> frozenset[str]:
        """Names of the checks that the student fails."""
        return frozenset(one.check for one in self.student if one.state == "fails")


class Physics(Stage[PhysicsRecord]):
    """Physics checks of the round's student, whatever its training set, in their short form."""

    name = "48_physics"
    title = "physics checks of the student, in round 0 also of the teacher"
    label = "physics"
    colour = "#3b6ea5"
    condition = "with `physics`"
    settings = ("elements", "physics", "teacher")
    record = PhysicsRecord

    def is_wanted(self, settings: RunSettings, index: int) -> bool:
        """Return whether the settings request it."""
        return settings.physics is not None

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return the teacher only in round 0, where it is checked."""
        return self.settings if within.index == 0 else ("elements", "physics")

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the student, and the held-out frames to check it on."""
        return (LABEL.of(0), FINETUNE.of(within.index))

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return page and table."""
        return 6_000_000

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the evaluations of the teacher, and the student's short form."""
        physics = basis.settings.physics
        if index or physics is None or not physics.teacher:
            return Forecast("the short form of the physics checks", STUDENT_S)
        seconds = TEACHER_EVALUATIONS * TEACHER_ATOMS * basis.teacher_us * 1e-6 + TEACHER_START_S
        return Forecast(
            "the short form of the physics checks, also of the teacher",
            STUDENT_S + seconds,
            teacher_calls=TEACHER_EVALUATIONS,
        )

    def work(self, run: StageRun) -> StageResult[PhysicsRecord]:
        """Check."""
        from ipip.stages.work.physics import physics

        return physics(run)


PHYSICS = Physics()
