"""Train a student in a folder; a second call resumes or returns the finished result."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipip.config.training import TrainingSettings, seconds_of, steps_of
from ipip.data.frame import Frame
from ipip.data.view import joined
from ipip.errors import InputError
from ipip.models import Student
from ipip.storage.disk_space import full_disk_explained
from ipip.train import processes
from ipip.train.fitting.restore import load_weights
from ipip.train.fitting.session import run_session
from ipip.train.fitting.time_budget import steps_in_time
from ipip.train.loss.objective import Objective
from ipip.train.prediction.kernels import check_kernels
from ipip.train.preparation.energy_scale import set_energy_scale
from ipip.train.preparation.freeze import freeze
from ipip.train.preparation.precision import check_precision
from ipip.train.preparation.replay import align_energies
from ipip.train.records.checkpoints import BEST, checkpoint_kept, load_own_checkpoint
from ipip.train.records.fingerprint import check_frames, fingerprint
from ipip.train.records.training_record import (
    check_started,
    read_finished,
    write_finished,
)
from ipip.train.records.wandb_log import check_wandb


@dataclasses.dataclass(frozen=True)
class FitResult:
    """The result of a training.

    Attributes:
        student: on the CPU, with the averaged weights of the best epoch.
        best_epoch: epoch (from 0) with the lowest validation loss.
        steps: optimiser steps taken.
        history: one row per epoch (the columns of `metrics.csv`).
        wall_s: seconds spent, interrupted parts included.
    """

    student: Student
    best_epoch: int
    steps: int
    history: list[dict[str, Any]]
    wall_s: float


def fit(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    folder: Path,
    *,
    seed: int,
    replay_frames: Sequence[Frame] = (),
    progress: bool = True,
    objective: Objective | None = None,
) -> FitResult:
    """Train a copy of a student; the given one is not changed.

    A new folder starts with a new optimiser. In a folder with this same training (settings,
    frames, seed, initial weights) it resumes from the last checkpoint, with the result of an
    unbroken run, or returns the finished result. Parameters with `requires_grad=False`, and
    parameters in `settings.freeze`, stay frozen. If several processes have joined
    (`ipip.train.processes`), all must call this, and share the work.

    Args:
        student: new, or with weights to start from.
        train_frames: with energy and forces; a list, or a store that is read as needed.
        valid_frames: to choose the best epoch; if empty, the last epoch is used.
        settings: of the training.
        folder: created if needed; gets training.json, last.ckpt, best.ckpt, metrics.csv,
            tensorboard/, schedule.json for a budget of time, and, at the end, result.json.
        seed: of the order of frames; the global random state is not used.
        replay_frames: also trained on, with their energies shifted to the student's zero, which
            they do not influence.
        progress: show a progress bar if the output is a terminal.
        objective: an additional loss (`ipip.pretraining`). If it uses no labels the frames need
            none, and validation is meaningless: give no validation frames.

    Raises:
        InputError: unusable frames, or the folder holds a different training.
        IpipError: the loss is not finite, or the disk is full (the last checkpoint stays intact).
        TerminatedError: SIGTERM; the same call resumes.
    """
    labelled = objective is None or objective.uses_labels
    check_frames(train_frames, valid_frames, replay_frames, student, settings, labelled=labelled)
    check_kernels(student, settings.kernels)
    if settings.batch_size < processes.count():
        raise InputError(
            f"batch_size is {settings.batch_size} with {processes.count()} processes; each needs "
            "at least one frame of a batch"
        )
    if objective is not None and processes.count() > 1:
        raise InputError(
            f"{objective.description}: trains in one process only, and there are "
            f"{processes.count()}; start `ipip` without torchrun"
        )
    if objective is not None and seconds_of(settings) is not None:
        raise InputError(
            f"budget is {settings.budget} with {objective.description}, whose time is not "
            "measured; give the budget in steps"
        )
    if settings.wandb_project is not None:
        check_wandb()
    student = copy.deepcopy(student).cpu()
    freeze(student, settings.freeze)
    with full_disk_explained(folder, lambda: checkpoint_kept(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        record = fingerprint(student, train_frames, valid_frames, replay_frames, settings, seed)
        if objective is not None:
            record["objective"] = objective.fingerprint()
        begun, finished = processes.from_first(
            lambda: (check_started(folder, record), read_finished(folder))
        )
        if finished is None:
            resume = processes.from_first(lambda: begun and (folder / "last.ckpt").exists())
            if not resume or len(replay_frames):
                set_energy_scale(student, train_frames, settings)
            check_precision(student, train_frames, settings)
            frames = train_frames
            if len(replay_frames):
                frames = joined(train_frames, align_energies(student, replay_frames))
            seconds = seconds_of(settings)
            steps = (
                steps_of(settings, len(frames))
                if seconds is None
                else steps_in_time(seconds, student, frames, valid_frames, settings, folder)
            )
            module = run_session(
                copy.deepcopy(student),
                frames,
                valid_frames,
                settings,
                folder,
                seed=seed,
                total_steps=steps,
                progress=progress,
                resume=resume,
                objective=objective,
            )
            finished = {
                "best_epoch": module.best_epoch,
                "steps": module.history[-1]["step"],
                "wall_s": module.history[-1]["wall_s"],
                "history": module.history,
            }
            # All wait for the first process, which writes the checkpoint that all read.
            processes.from_first(lambda: write_finished(folder, finished))
        best = load_own_checkpoint(folder, BEST, finished["best_epoch"])
        load_weights(student, best)
        check_precision(student, valid_frames or train_frames, settings, warn=True)
    return FitResult(
        student=student,
        best_epoch=finished["best_epoch"],
        steps=finished["steps"],
        history=finished["history"],
        wall_s=finished["wall_s"],
    )
