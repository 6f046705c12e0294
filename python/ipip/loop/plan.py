"""What a run will do and what it may cost, before it runs."""

from __future__ import annotations

import dataclasses
from typing import Any

from ipip.config.md import MDSettings
from ipip.config.run import RunSettings
from ipip.loop.checks import FoundInputs
from ipip.loop.decide import held_out_count
from ipip.loop.folder import stage_id, stage_names
from ipip.loop.starts import exploration_starts, stability_starts
from ipip.train import steps_of

# Rough rates on one core of 2020s make; stated as estimates wherever they are shown.
TRAINING_US_PER_ATOM_CHANNEL_LAYER = 3.0  # one optimiser step, per atom, channel and layer
STUDENT_US_PER_ATOM_CHANNEL_LAYER = 1.0  # one MD step
START_S = 2.0  # of a LAMMPS run or a training
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
    """

    stages: tuple[PlannedStage, ...]
    disk_bytes: int
    reference: dict[str, int]
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Estimated wall time of the run."""
        return sum(stage.seconds for stage in self.stages)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self) | {"seconds": self.seconds}


def make_plan(settings: RunSettings, found: FoundInputs, teacher_us_per_atom: float) -> Plan:
    """Plan the run.

    Args:
        settings: of the run.
        found: what `check_inputs` found.
        teacher_us_per_atom: measured cost of one evaluation.
    """
    stages = tuple(
        PlannedStage(
            stage_id(index, name), *_stage(settings, found, teacher_us_per_atom, index, name)
        )
        for index in range(settings.rounds + 1)
        for name in stage_names(index)
    )
    disk = disk_estimates(settings, list(found.boxes.values()))
    return Plan(
        stages=stages,
        disk_bytes=sum(disk[stage.identity.split("/")[1]] for stage in stages),
        reference={"train": found.train, "valid": found.valid, "test": found.test},
        notes=(
            f"The teacher was timed on the first box: {teacher_us_per_atom:.0f} µs per atom "
            "and evaluation.",
            "Rates of training and of the student's MD are rough figures for one core, not "
            "measured here.",
        ),
    )


def pretraining_frames(settings: RunSettings, runs: int, index: int) -> int:
    """Return the largest number of frames in the pretraining set of round `index`."""
    count = runs * (settings.teacher_md.steps // settings.teacher_md.frame_interval)
    for _ in range(index):
        count = round(count * (1 - settings.iteration.forget_fraction)) + settings.harvest.frames
    return count


def disk_estimates(settings: RunSettings, boxes: list[int] | None = None) -> dict[str, int]:
    """Return an estimate of the bytes that each kind of stage writes.

    Args:
        settings: of the run.
        boxes: atoms of each exploration start; built where not given.
    """
    sizes = boxes or [len(start.frame) for start in exploration_starts(settings)]
    atoms = sum(sizes)
    student = settings.student_md
    frames = _frames(student) + student.ring_frames
    stability = settings.stability.md or student
    stability_atoms = max(sizes) * settings.stability.runs * len(settings.systems)
    teacher = _frames(settings.teacher_md) * atoms * BYTES_PER_ATOM
    pretraining = pretraining_frames(settings, len(sizes), settings.rounds) * max(sizes)
    exploring = max(frames * atoms * BYTES_PER_ATOM, teacher)
    return {
        "05_forget": 100_000,
        "10_explore": exploring,
        "15_harvest": settings.harvest.candidates * max(sizes) * BYTES_PER_ATOM,
        "20_label": teacher + 10_000_000,
        "20_relabel": pretraining * BYTES_PER_ATOM,
        "30_pretrain": CHECKPOINT_BYTES,
        "40_finetune": CHECKPOINT_BYTES,
        "50_evaluate": (_frames(stability) + stability.ring_frames)
        * stability_atoms
        * BYTES_PER_ATOM,
    }


def _frames(md: MDSettings) -> int:
    return md.steps // md.frame_interval + 1


def _stage(
    settings: RunSettings, found: FoundInputs, teacher_us: float, index: int, name: str
) -> tuple[str, float]:
    boxes = list(found.boxes.values())
    size = settings.student.channels * settings.student.layers
    training_us = TRAINING_US_PER_ATOM_CHANNEL_LAYER * size
    student_us = STUDENT_US_PER_ATOM_CHANNEL_LAYER * size
    frames = pretraining_frames(settings, len(boxes), index)
    mean_atoms = sum(boxes) / len(boxes)
    if name == "10_explore" and index == 0:
        steps = settings.teacher_md.steps + settings.teacher_md.relax_steps
        seconds = steps * sum(boxes) * teacher_us * 1e-6 / settings.teacher.workers
        work = f"{len(boxes)} runs of {settings.teacher_md.steps} teacher MD steps, {frames} frames"
        return work, seconds + START_S
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
        return f"{asked} teacher labels, {frames} pretraining frames", seconds + 2 * START_S
    if name == "15_harvest":
        count = settings.harvest.candidates
        seconds = count * mean_atoms * teacher_us * 1e-6 / settings.teacher.workers
        work = f"at most {count} teacher labels, {settings.harvest.frames} frames taken"
        return work, seconds + 2 * START_S
    if name == "30_pretrain" and settings.pretrain is None:
        return "no pretraining", 0.0
    if name == "30_pretrain":
        assert settings.pretrain is not None  # said above
        steps = steps_of(settings.pretrain, frames - held_out_count(frames))
        per_step = mean_atoms * settings.pretrain.batch_size
        return f"{steps} optimiser steps on {frames} frames", steps * per_step * training_us * 1e-6
    if name == "40_finetune":
        steps = steps_of(settings.finetune, found.train)
        per_step = found.train_atoms / found.train * settings.finetune.batch_size
        return (
            f"{steps} optimiser steps on {found.train} frames",
            steps * per_step * training_us * 1e-6,
        )
    if name == "50_evaluate":
        starts = stability_starts(settings)
        md = settings.stability.md or settings.student_md
        atoms = sum(len(start.frame) for start in starts)
        seconds = md.steps * atoms * student_us * 1e-6 + START_S * len(starts)
        work = f"{found.test} held-out frames, {len(starts)} runs of {md.steps} student MD steps"
        return work, seconds / settings.resources.lammps_runs + START_S
    return (
        "choose what is dropped" if name == "05_forget" else f"student labels, {frames} frames",
        1.0,
    )
