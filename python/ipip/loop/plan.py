"""The work and the estimated cost of a run, before it starts."""

from __future__ import annotations

import dataclasses
from typing import Any

from ipip.config.run import RunSettings, UnlabelledSettings
from ipip.counts import counted
from ipip.loop.checks import FoundInputs, TeacherCheck
from ipip.pipeline.cost import TEACHER_START_S, TEACHER_US_PER_ATOM, CostBasis
from ipip.stages.listing import stages_of_round
from ipip.stages.work.starts import run_sizes


@dataclasses.dataclass(frozen=True)
class PlannedStage:
    """One stage: its work in words and numbers, its estimated wall time (s)."""

    stage_id: str
    work: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class Plan:
    """All stages of a run.

    Attributes:
        stages: in order.
        disk_bytes: estimate for the whole run.
        reference: number of reference frames by part.
        notes: on the basis of the estimates.
        concerns: conditions that weaken the results.
    """

    stages: tuple[PlannedStage, ...]
    disk_bytes: int
    reference: dict[str, int]
    notes: tuple[str, ...]
    concerns: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Estimated wall time of the run."""
        return sum(stage.seconds for stage in self.stages)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self) | {"seconds": self.seconds}


def make_plan(settings: RunSettings, found: FoundInputs, teacher: TeacherCheck | None) -> Plan:
    """Plan the run.

    Args:
        settings: of the run.
        found: the result of `check_inputs`.
        teacher: the result of `check_teacher`; None: not measured.
    """
    basis = CostBasis(
        sizes=run_sizes(settings, list(found.boxes.values())),
        train=found.train,
        test=found.test,
        train_atoms=found.train_atoms,
        test_atoms=found.test_atoms,
        teacher_us=TEACHER_US_PER_ATOM if teacher is None else teacher.us_per_atom,
    )
    stages = [
        (index, stage)
        for index in range(settings.rounds + 1)
        for stage in stages_of_round(settings, index)
    ]
    forecasts = [stage.forecast(basis, index) for index, stage in stages]
    calls = sum(forecast.teacher_calls for forecast in forecasts)
    return Plan(
        stages=tuple(
            PlannedStage(stage.of(index), forecast.work, forecast.seconds)
            for (index, stage), forecast in zip(stages, forecasts, strict=True)
        ),
        disk_bytes=sum(stage.disk_bytes(basis.sizes) for _, stage in stages),
        reference={"train": found.train, "valid": found.valid, "test": found.test},
        notes=(
            f"The teacher {_timing(teacher)}: {basis.teacher_us:.0f} µs per atom and evaluation.",
            f"The teacher evaluates at most {calls} times in all.",
            "Rules in `stop` may end the run before all rounds are done.",
            "Rates of training and of the student's MD are rough figures for one core, not "
            "measured here.",
        ),
        concerns=found.concerns,
    )


def plan_exploration(
    settings: UnlabelledSettings, boxes: list[int], teacher: TeacherCheck | None
) -> str:
    """Describe the MD of `ipip explore` and its estimated cost.

    Args:
        settings: of the run; its reference may be missing.
        boxes: atoms of each start.
        teacher: the result of `check_teacher`; None: not measured.
    """
    pace = TEACHER_US_PER_ATOM if teacher is None else teacher.us_per_atom
    md = settings.teacher_md
    seconds = (md.steps + md.relax_steps) * sum(boxes) * pace * 1e-6 / settings.teacher.workers
    return (
        f"{len(boxes)} runs of {md.steps} teacher MD steps, about {seconds + TEACHER_START_S:.0f} "
        f"s. The teacher {_timing(teacher)}: {pace:.0f} µs per atom and evaluation."
    )


def _timing(teacher: TeacherCheck | None) -> str:
    """Describe the basis of the teacher's cost."""
    if teacher is None:
        return "was not timed; assumed"
    load = teacher.load
    if load.is_high:
        return (
            f"was timed on the first box while {load.running:.1f} programs ran on "
            f"{counted(load.cores, 'core')}, so it seems slower than it is"
        )
    return "was timed on the first box"
