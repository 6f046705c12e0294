"""One session of a training: from its start or its last checkpoint to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.models import Student
from ipip.train import processes
from ipip.train.fitting.loaders import TrainingBatches, ValidationBatches, graph_dataset
from ipip.train.fitting.module import TrainingModule, resume_point
from ipip.train.fitting.termination import Termination
from ipip.train.loss.objective import Objective
from ipip.train.records.checkpoints import LAST, BestAndLast, load_own_checkpoint
from ipip.train.records.logs import CsvLog, TensorBoardLog
from ipip.train.records.progress import ProgressBar
from ipip.train.records.training_record import training_digest
from ipip.train.records.wandb_log import WandbLog


def run_session(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    folder: Path,
    *,
    seed: int,
    total_steps: int,
    progress: bool,
    resume: bool,
    objective: Objective | None = None,
) -> TrainingModule:
    """Train a student in place; for most arguments see `ipip.train.fit`.

    `total_steps` are the optimiser steps of the whole training; with `resume` it resumes from
    `last.ckpt`.

    Raises:
        IpipError: the loss is not finite.
        TerminatedError: SIGTERM; the state is saved.
    """
    training = training_digest(folder)
    checkpoint = load_own_checkpoint(folder, LAST) if resume else None
    graphs = graph_dataset(train_frames, student, settings)
    if objective is not None:
        graphs.extras = objective.extras
    batches = TrainingBatches(graphs, settings, seed)
    bar = ProgressBar(progress and processes.is_first(), total_steps)
    checkpoints = BestAndLast(folder, settings.checkpoint_every)
    termination = Termination()
    logs = _logs(settings, folder)
    module = TrainingModule(
        student.to(device_of(settings)).train(),
        ValidationBatches(graph_dataset(valid_frames, student, settings)),
        settings,
        total_steps,
        [checkpoints, *logs, bar],
        termination,
        checkpoints.save_last,
        objective,
        seed,
        training,
    )
    if checkpoint is not None:
        module.load(checkpoint)
        batches.order.start_at(*resume_point(checkpoint))
        for write in logs if module.finished else ():
            write(module)  # it ended between its last checkpoint and its last row
    try:
        with bar:
            module.train(batches)
    finally:
        termination.restore()
    return module


def device_of(settings: TrainingSettings) -> torch.device:
    """Return the device on which this process trains.

    Raises:
        InputError: a GPU is requested, and there is none.
    """
    available = torch.cuda.is_available()
    if settings.accelerator == "gpu" and not available:
        raise InputError(
            "accelerator is gpu, but PyTorch finds no GPU (torch.cuda.is_available()); set it to "
            "auto or cpu"
        )
    if settings.accelerator == "cpu" or not available:
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device())


def _logs(settings: TrainingSettings, folder: Path) -> list[Callable[[TrainingModule], None]]:
    if not processes.is_first():
        return []
    logs: list[Callable[[TrainingModule], None]] = [CsvLog(folder)]
    if settings.tensorboard:
        logs.append(TensorBoardLog(folder))
    if settings.wandb_project is not None:
        logs.append(WandbLog(folder, settings.wandb_project))
    return logs
