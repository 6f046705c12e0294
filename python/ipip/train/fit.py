"""Train a student in a folder of its own; run again, it continues or returns what is there."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from torch_geometric.data import Batch
from torch_geometric.loader import DataLoader

from ipip.config.training import TrainingSettings
from ipip.data.dataset import GraphDataset
from ipip.data.digest import frames_digest
from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.export import weights_digest
from ipip.models import Student
from ipip.train.checkpoints import (
    AtomicCheckpointIO,
    BestAndLast,
    disk_full_explained,
    load_checkpoint,
)
from ipip.train.energy_scale import set_energy_scale
from ipip.train.kernels import check_kernels
from ipip.train.logs import CsvLog, TensorBoardLog
from ipip.train.marker import check_started, read_finished, write_finished
from ipip.train.module import STATE, TrainingModule
from ipip.train.order import SeededOrder
from ipip.train.predict import edge_bounded
from ipip.train.progress import ProgressBar
from ipip.train.quiet import quiet_lightning
from ipip.train.restore import load_weights

PRESENTATION = {"tensorboard", "accelerator"}


@dataclasses.dataclass(frozen=True)
class FitResult:
    """What a training gave.

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
    progress: bool = True,
) -> FitResult:
    """Train a copy of a student; the given one stays as it is.

    A fresh folder starts a fresh optimiser. A folder that holds this same training (settings,
    frames, seed, initial weights) continues from its last checkpoint, with the result of an
    unbroken run, or returns the finished result. Parameters with `requires_grad=False` stay
    frozen.

    Args:
        student: new, or with weights to start from.
        train_frames: with energy and forces.
        valid_frames: choose the best epoch; may be empty, then the last epoch is taken.
        settings: of the training.
        folder: made if needed; gets training.json, last.ckpt, best.ckpt, metrics.csv, tensorboard/
            and, at the end, result.json.
        seed: of the order of frames; the global random state is not touched.
        progress: show a progress bar if the output is a terminal.

    Raises:
        InputError: unusable frames, or the folder holds a different training.
        IpipError: the loss is not finite, or the disk is full (the last checkpoint stays intact).
    """
    _check_frames(train_frames, valid_frames, student, settings)
    check_kernels(student, settings.kernels)
    with disk_full_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        begun = check_started(
            folder, _identity(student, train_frames, valid_frames, settings, seed)
        )
        student = copy.deepcopy(student).cpu()
        finished = read_finished(folder)
        if finished is None:
            resume = begun and (folder / "last.ckpt").exists()
            if not resume:
                set_energy_scale(student, train_frames, settings)
            trained = copy.deepcopy(student)
            module = _train(
                trained, train_frames, valid_frames, settings, folder, seed, progress, resume
            )
            finished = {
                "best_epoch": module.best_epoch,
                "steps": module.history[-1]["step"],
                "wall_s": module.history[-1]["wall_s"],
                "history": module.history,
            }
            write_finished(folder, finished)
        load_weights(student, load_checkpoint(folder / "best.ckpt"))
    return FitResult(
        student=student,
        best_epoch=finished["best_epoch"],
        steps=finished["steps"],
        history=finished["history"],
        wall_s=finished["wall_s"],
    )


def steps_of(settings: TrainingSettings, n_train: int) -> int:
    """Return the optimiser steps of a training that is not stopped early."""
    steps = settings.max_epochs * -(-n_train // settings.batch_size)
    return steps if settings.max_steps is None else min(steps, settings.max_steps)


def _train(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    folder: Path,
    seed: int,
    progress: bool,
    resume: bool,
) -> TrainingModule:
    checkpoint = load_checkpoint(folder / "last.ckpt") if resume else None
    total = steps_of(settings, len(train_frames))
    dataset = GraphDataset(train_frames, student.symbols, student.cutoff)
    order = SeededOrder(len(dataset), seed)
    if checkpoint is not None:
        order.set_epoch(checkpoint["epoch"] + 1)
    loader = DataLoader(
        dataset,
        batch_size=settings.batch_size,
        sampler=order,
        generator=torch.Generator().manual_seed(seed),
    )
    valid_graphs = GraphDataset(valid_frames, student.symbols, student.cutoff).graphs
    valid = [Batch.from_data_list(graphs) for _, graphs in edge_bounded(valid_graphs, 64)]
    bar = ProgressBar(progress, total)
    listeners: list[Callable[[TrainingModule], None]] = [
        BestAndLast(folder, settings.checkpoint_every),
        CsvLog(folder),
    ]
    if settings.tensorboard:
        listeners.append(TensorBoardLog(folder))
    module = TrainingModule(student, valid, settings, total, [*listeners, bar])
    if checkpoint is not None and checkpoint[STATE]["finished"]:
        module.on_load_checkpoint(checkpoint)
        return module
    student.train()
    with quiet_lightning(), bar:
        trainer = lightning.Trainer(
            accelerator=settings.accelerator,
            devices=1,
            max_epochs=settings.max_epochs,
            gradient_clip_val=settings.gradient_clip,
            plugins=[AtomicCheckpointIO()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
        )
        try:
            trainer.fit(
                module,
                loader,
                ckpt_path=folder / "last.ckpt" if resume else None,
                weights_only=True if resume else None,
            )
        except SystemExit:
            if trainer.interrupted:  # Lightning turns Ctrl-C into an exit
                raise KeyboardInterrupt from None
            raise
    return module


def _identity(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    seed: int,
) -> dict[str, Any]:
    """Return everything that fixes the result of a training, as JSON values."""
    identity = {
        "settings": settings.model_dump(exclude=PRESENTATION),
        "student": {
            "architecture": student.architecture,
            "symbols": student.symbols,
            "arguments": student.arguments,
            "initial_weights": weights_digest(student.state_dict()),
            "frozen": [n for n, p in student.named_parameters() if not p.requires_grad],
        },
        "training_frames": frames_digest(train_frames),
        "validation_frames": frames_digest(valid_frames),
        "seed": seed,
    }
    plain: dict[str, Any] = json.loads(json.dumps(identity))
    return plain


def _check_frames(
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    student: Student,
    settings: TrainingSettings,
) -> None:
    if not train_frames:
        raise InputError("there are no training frames; expected at least one")
    for part, frames in (("training", train_frames), ("validation", valid_frames)):
        check_elements(frames, student.symbols, f"{part} frames")
        for index, frame in enumerate(frames):
            for label in ("energy", "forces"):
                value = getattr(frame, label)
                if value is None:
                    raise InputError(f"{part} frame {index} has no {label}; a training needs both")
    if settings.stress_weight > 0 and all(f.stress is None or f.volume == 0 for f in train_frames):
        raise InputError(
            f"stress_weight is {settings.stress_weight}, but no training frame has a stress; set "
            "it to 0"
        )
