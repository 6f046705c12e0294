"""What a run will do and what it may cost, before it runs."""

from __future__ import annotations

import dataclasses
from typing import Any

from ipip.config.md import MDSettings
from ipip.config.run import RunSettings, UnlabelledSettings
from ipip.loop.checks import FoundInputs, TeacherCheck
from ipip.loop.decide import set_sizes
from ipip.loop.folder import ACTIVE, BASELINE, COMMITTEE, stage_id, stage_names
from ipip.loop.starts import exploration_sizes, stability_sizes
from ipip.native import core as _core
from ipip.train import steps_of

# Rough rates on one core of 2020s make; stated as estimates wherever they are shown. Those of the
# compiled kernels are what runs of the Mo-S-O example took, their short runs' overhead included.
TRAINING_US_PER_ATOM_CHANNEL_LAYER = {
    True: 0.4,
    False: 3.0,
}  # one optimiser step, by `_has_kernels`
STUDENT_US_PER_ATOM_CHANNEL_LAYER = {True: 0.08, False: 1.3}  # one MD step
TEACHER_US_PER_ATOM = 1500.0  # one evaluation, where it was not timed
START_S = 0.5  # of a LAMMPS run or a training
TEACHER_START_S = 5.0  # loading its weights
BYTES_PER_ATOM = 120  # of one frame in a text file
CHECKPOINT_BYTES = 40_000_000


@dataclasses.dataclass(frozen=True)
class PlannedStage:
    """One stage: what it does, in words and numbers; estimated wall time (s)."""

    identity: str
    work: str
    seconds: float


@dataclasses.dataclass(frozen=True)
class Plan:
    """All stages of a run.

    Attributes:
        stages: in order.
        disk_bytes: estimate for the whole run.
        reference: number of reference frames by part.
        notes: how the estimates were made.
        concerns: what makes the results say less.
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
        found: what `check_inputs` found.
        teacher: what `check_teacher` measured; None: not measured.
    """
    teacher_us = TEACHER_US_PER_ATOM if teacher is None else teacher.us_per_atom
    stages = tuple(
        PlannedStage(stage_id(index, name), *_stage(settings, found, teacher_us, index, name))
        for index in range(settings.rounds + 1)
        for name in stage_names(
            index,
            committee=settings.iteration.committee > 1 and index < settings.rounds,
            baseline=settings.baseline.none,
            active=settings.active is not None,
        )
    )
    disk = disk_estimates(settings, list(found.boxes.values()))
    return Plan(
        stages=stages,
        disk_bytes=sum(disk[stage.identity.split("/")[1]] for stage in stages),
        reference={"train": found.train, "valid": found.valid, "test": found.test},
        notes=(
            f"The teacher {_timing(teacher)}: {teacher_us:.0f} µs per atom and evaluation.",
            f"The teacher evaluates at most {teacher_calls(settings, found)} times in all.",
            "Rules in `stop` may end the run before all rounds are done.",
            "Rates of training and of the student's MD are rough figures for one core, not "
            "measured here.",
        ),
        concerns=found.concerns,
    )


def plan_exploration(
    settings: UnlabelledSettings, boxes: list[int], teacher: TeacherCheck | None
) -> str:
    """Return what the MD of `ipip explore` will do and what it may cost, in words.

    Args:
        settings: of the run; its reference may be missing.
        boxes: atoms of each start.
        teacher: what `check_teacher` measured; None: not measured.
    """
    pace = TEACHER_US_PER_ATOM if teacher is None else teacher.us_per_atom
    md = settings.teacher_md
    seconds = (md.steps + md.relax_steps) * sum(boxes) * pace * 1e-6 / settings.teacher.workers
    return (
        f"{len(boxes)} runs of {md.steps} teacher MD steps, about {seconds + TEACHER_START_S:.0f} "
        f"s. The teacher {_timing(teacher)}: {pace:.0f} µs per atom and evaluation."
    )


def _timing(teacher: TeacherCheck | None) -> str:
    """Say how the cost of the teacher is known."""
    if teacher is None:
        return "was not timed; taken are"
    load = teacher.load
    if load.is_high:
        return (
            f"was timed on the first box while {load.running:.1f} programs ran on {load.cores} "
            "cores, so that it seems slower than it is"
        )
    return "was timed on the first box"


def pretraining_frames(settings: RunSettings, runs: int, index: int) -> tuple[int, int]:
    """Return the largest pretraining set of round `index`: frames that train, that validate."""
    first = runs * (settings.teacher_md.steps // settings.teacher_md.frame_interval)
    fraction = settings.iteration.forget_fraction
    return set_sizes(first, settings.harvest.frames, fraction, index)


def disk_estimates(settings: RunSettings, boxes: list[int] | None = None) -> dict[str, int]:
    """Return an estimate of the bytes that each kind of stage writes.

    Args:
        settings: of the run.
        boxes: atoms of each exploration start; counted where not given.
    """
    sizes = boxes or exploration_sizes(settings)
    atoms = sum(sizes)
    student = settings.student_md
    frames = _frames(student) + student.ring_frames
    stability = settings.stability.md or student
    stability_atoms = sum(stability_sizes(settings))
    teacher = _frames(settings.teacher_md) * atoms * BYTES_PER_ATOM
    pretraining = sum(pretraining_frames(settings, len(sizes), settings.rounds)) * max(sizes)
    asked = settings.active.frames if settings.active else 0
    exploring = max(frames * atoms * BYTES_PER_ATOM, teacher)
    evaluating = (_frames(stability) + stability.ring_frames) * stability_atoms * BYTES_PER_ATOM
    return {
        COMMITTEE: settings.iteration.committee * CHECKPOINT_BYTES,
        BASELINE: CHECKPOINT_BYTES + evaluating,
        ACTIVE: 4 * asked * max(sizes) * BYTES_PER_ATOM,
        "05_forget": 100_000,
        "10_explore": exploring,
        "15_harvest": settings.harvest.candidates * max(sizes) * BYTES_PER_ATOM,
        "20_label": teacher + 10_000_000,
        "20_relabel": pretraining * BYTES_PER_ATOM,
        "30_pretrain": CHECKPOINT_BYTES,
        "40_finetune": CHECKPOINT_BYTES,
        "50_evaluate": evaluating,
    }


def teacher_calls(settings: RunSettings, found: FoundInputs) -> int:
    """Return how often the teacher evaluates at most: its MD, labels, every harvest."""
    explored = len(found.boxes) * settings.teacher_md.steps
    harvested = settings.rounds * settings.harvest.candidates
    return explored + found.train + found.test + harvested + method_calls(settings)


def method_calls(settings: RunSettings) -> int:
    """Return how often the teacher evaluates at most for a method of pretraining."""
    if settings.pretrain is None:
        return 0
    runs = sum(system.runs for system in settings.systems)
    training, _ = pretraining_frames(settings, runs, 0)
    return settings.pretrain.method.calls(training)


def _frames(md: MDSettings) -> int:
    return md.steps // md.frame_interval + 1


def _has_kernels(settings: RunSettings) -> bool:
    """Return whether compiled kernels are there for the student."""
    return not _core.architecture_refusal(settings.student.architecture)


def _stage(
    settings: RunSettings, found: FoundInputs, teacher_us: float, index: int, name: str
) -> tuple[str, float]:
    boxes = list(found.boxes.values())
    size = settings.student.channels * settings.student.layers
    kernels = _has_kernels(settings)
    training_us = TRAINING_US_PER_ATOM_CHANNEL_LAYER[kernels] * size
    student_us = STUDENT_US_PER_ATOM_CHANNEL_LAYER[kernels] * size
    training, held_out = pretraining_frames(settings, len(boxes), index)
    frames = training + held_out
    mean_atoms = sum(boxes) / len(boxes)
    if name == "10_explore" and index == 0:
        steps = settings.teacher_md.steps + settings.teacher_md.relax_steps
        seconds = steps * sum(boxes) * teacher_us * 1e-6 / settings.teacher.workers
        work = f"{len(boxes)} runs of {settings.teacher_md.steps} teacher MD steps, {frames} frames"
        return work, seconds + TEACHER_START_S
    if name == "10_explore":
        md = settings.student_md
        parallel = settings.resources.lammps_runs
        work = f"{len(boxes)} runs of {md.steps} student MD steps in LAMMPS"
        return work, (md.steps * sum(boxes) * student_us * 1e-6 + START_S * len(boxes)) / parallel
    if name == "20_label":
        asked = found.train + found.test
        seconds = (
            (found.train_atoms + found.test_atoms) * teacher_us * 1e-6 / settings.teacher.workers
        )
        return f"{asked} teacher labels, {frames} pretraining frames", seconds + 2 * TEACHER_START_S
    if name == "15_harvest":
        count = settings.harvest.candidates
        seconds = count * mean_atoms * teacher_us * 1e-6 / settings.teacher.workers
        work = f"at most {count} teacher labels, {settings.harvest.frames} frames taken"
        return work, seconds + 2 * TEACHER_START_S
    if name == ACTIVE and settings.active is not None:
        count, level = settings.active.frames, settings.active.level.kind
        return f"at most {count} labels by {level}, whose cost is not estimated", START_S
    if name == "30_pretrain" and settings.pretrain is None:
        return "no pretraining", 0.0
    if name == "30_pretrain":
        assert settings.pretrain is not None  # said above
        steps = steps_of(settings.pretrain, training)
        seconds = steps * mean_atoms * settings.pretrain.batch_size * training_us * 1e-6
        work, calls = (
            f"{steps} optimiser steps on {frames} frames",
            method_calls(settings),
        )
        if settings.pretrain.method.kind != "labels":
            work += f" by {settings.pretrain.method.kind}"
        if calls:
            work += f", at most {calls} teacher evaluations"
        return work, seconds + calls * mean_atoms * teacher_us * 1e-6 / settings.teacher.workers
    per_step = found.train_atoms / found.train * settings.finetune.batch_size
    if name == "40_finetune":
        count = found.train + round(settings.iteration.replay * found.train)
        steps = steps_of(settings.finetune, count)
        seconds = steps * per_step * training_us * 1e-6
        passes = steps / -(-count // settings.finetune.batch_size)
        return f"{steps} optimiser steps on {count} frames, {passes:.0f} epochs", seconds
    if name == COMMITTEE:
        further = settings.iteration.committee - 1
        count = round(settings.iteration.committee_share * found.train)
        steps = further * steps_of(settings.finetune, count)
        seconds = steps * per_step * training_us * 1e-6
        return f"{further} further members, {steps} optimiser steps", seconds
    if name == BASELINE:
        steps = steps_of(settings.finetune, found.train)
        if settings.baseline.match_steps and settings.pretrain is not None:
            steps += steps_of(settings.pretrain, training)
        seconds = steps * per_step * training_us * 1e-6
        measured = _stage(settings, found, teacher_us, index, "50_evaluate")
        return f"{steps} optimiser steps, then as 50_evaluate", seconds + measured[1]
    if name == "50_evaluate":
        starts = stability_sizes(settings)
        md = settings.stability.md or settings.student_md
        seconds = md.steps * sum(starts) * student_us * 1e-6 + START_S * len(starts)
        work = f"{found.test} held-out frames, {len(starts)} runs of {md.steps} student MD steps"
        return work, seconds / settings.resources.lammps_runs + START_S
    if name == "20_relabel":
        students = settings.iteration.committee if settings.iteration.labeller == "committee" else 1
        seconds = students * frames * mean_atoms * student_us * 1e-6
        return f"student labels, {frames} frames", START_S + seconds
    return "choose what is dropped", START_S
