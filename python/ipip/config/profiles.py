"""Sizes of a run: quick, minutes to try the loop; production, a student to work with.

docs/own-system.md explains each figure.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

from ipip.config.stop import StopSettings
from ipip.config.training import TrainingSettings, steps_per_epoch
from ipip.errors import InputError

ProfileName = Literal["quick", "production"]

TEACHER_US_PER_ATOM = 2500.0  # one evaluation of a foundation model on one core, in dense matter


@dataclasses.dataclass(frozen=True)
class Profile:
    """Sizes of a run.

    Attributes:
        trajectories: runs of the teacher and of the student in each exploration, over all systems.
        frames_per_run: stored frames of each run of the teacher.
        teacher_seconds: of the teacher's MD on one core; sets its steps, within `teacher_steps`.
        teacher_steps: fewest and most steps of a run of the teacher.
        student_steps: MD steps of a run of the student.
        channels, layers: of the student.
        rounds: after round 0.
        pretrain_steps, finetune_steps: optimiser steps, from which the epochs follow.
        candidates, harvested: frames of a harvest that the teacher labels, and that are selected.
        stability: runs that count failures, over all systems.
        max_failure_rate: upper end of the interval below which the loop may end.
        baseline: whether a student without pretraining is also trained.
        longest_step: fs; time step of atoms heavier than hydrogen.
    """

    trajectories: int
    frames_per_run: int
    teacher_seconds: float
    teacher_steps: tuple[int, int]
    student_steps: int
    channels: int
    layers: int
    rounds: int
    pretrain_steps: int
    finetune_steps: int
    candidates: int
    harvested: int
    stability: int
    max_failure_rate: float
    baseline: bool
    longest_step: float


PROFILES: dict[str, Profile] = {
    "quick": Profile(
        trajectories=12,
        frames_per_run=20,
        teacher_seconds=80.0,
        teacher_steps=(60, 400),
        student_steps=1000,
        channels=64,
        layers=2,
        rounds=2,
        pretrain_steps=1500,
        finetune_steps=600,
        candidates=60,
        harvested=40,
        stability=18,
        max_failure_rate=0.2,
        baseline=False,
        longest_step=2.0,
    ),
    "production": Profile(
        trajectories=24,
        frames_per_run=100,
        teacher_seconds=4 * 3600.0,
        teacher_steps=(2000, 20000),
        student_steps=50000,
        channels=128,
        layers=3,
        rounds=4,
        pretrain_steps=30000,
        finetune_steps=15000,
        candidates=480,
        harvested=240,
        stability=60,
        max_failure_rate=0.1,
        baseline=True,
        longest_step=1.0,
    ),
}


def find_profile(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        InputError: there is no profile of this name.
    """
    if name not in PROFILES:
        raise InputError(f"--profile is {name!r}; expected {' or '.join(get_args(ProfileName))}")
    return PROFILES[name]


def sized_settings(
    profile: Profile,
    *,
    systems: int,
    atoms: float,
    lightest: float,
    temperature: float,
    labels: int,
    processes: int,
) -> dict[str, Any]:
    """Return the blocks of a run whose sizes a profile sets.

    Args:
        profile: the sizes.
        systems: number of systems.
        atoms: of a system, on average.
        lightest: mass of the lightest element (u).
        temperature: K; the highest of a system.
        labels: reference frames for training.
        processes: that may run at the same time.

    Returns:
        Plain values of `rounds`, `teacher_md`, `student_md`, `harvest`, `student`, `pretrain`,
        `finetune`, `stability`, `resources` and, where they differ from the defaults, `stop` and
        `baseline`; and under `runs` the runs of each system.
    """
    runs = max(1, round(profile.trajectories / systems))
    step = timestep(profile, lightest, temperature)
    affordable = profile.teacher_seconds * 1e6 / (runs * systems * atoms * TEACHER_US_PER_ATOM)
    low, high = profile.teacher_steps
    interval = max(1, round(min(max(affordable, low), high) / profile.frames_per_run))
    md = {"timestep": step, "thermostat": "langevin"}
    training = {"forces_weight": 3.0, "tensorboard": False}
    further: dict[str, Any] = {}
    if profile.max_failure_rate != StopSettings().max_failure_rate:
        further["stop"] = {"max_failure_rate": profile.max_failure_rate}
    if profile.baseline:
        further["baseline"] = {"none": True}
    pretraining = runs * systems * profile.frames_per_run
    return {
        "runs": runs,
        "rounds": profile.rounds,
        "teacher_md": {
            **md,
            "steps": interval * profile.frames_per_run,
            "frame_interval": interval,
            "relax_steps": 15,
        },
        "student_md": {
            **md,
            "steps": profile.student_steps,
            "frame_interval": max(1, profile.student_steps // 40),
            "ring_interval": 3,
            "minimize_steps": 50,
        },
        "harvest": {
            "candidates": profile.candidates,
            "per_run": max(1, 2 * profile.candidates // (runs * systems)),
            "frames": profile.harvested,
        },
        "student": {
            "channels": profile.channels,
            "layers": profile.layers,
        },
        "pretrain": training
        | {"learning_rate": 5e-3, "max_epochs": _epochs(profile.pretrain_steps, pretraining)},
        "finetune": training
        | {"learning_rate": 2e-3, "max_epochs": _epochs(profile.finetune_steps, labels)},
        "stability": {"runs": max(1, round(profile.stability / systems))},
        **further,
        "resources": {"lammps_runs": processes},
    }


def timestep(profile: Profile, lightest: float, temperature: float) -> float:
    """Return a time step (fs): a tenth of the fastest vibration, or less at high temperature.

    Bonds of hydrogen vibrate in 9 to 11 fs, others in 20 fs and more.
    """
    if lightest < 3.0:
        return 0.5 if temperature > 700.0 or profile.longest_step <= 1.0 else 1.0
    return profile.longest_step


def _epochs(steps: int, frames: int) -> int:
    """Return the epochs that make about this many optimiser steps, at the default batch size."""
    batches = steps_per_epoch(TrainingSettings(), frames)
    return max(5, round(steps / max(1, batches)))
