"""One session of a training: from its start or its last checkpoint to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
from lightning.fabric.plugins import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.models import Student
from ipip.train import processes
from ipip.train.fitting.lightning_output import quiet_lightning
from ipip.train.fitting.loaders import ValidationBatches, graph_dataset, train_loader
from ipip.train.fitting.module import STATE, TrainingModule, resume_point
from ipip.train.fitting.termination import Termination
from ipip.train.loss.objective import Objective
from ipip.train.preparation.precision import LIGHTNING
from ipip.train.records.checkpoints import AtomicCheckpointIO, BestAndLast, load_checkpoint
from ipip.train.records.logs import CsvLog, TensorBoardLog
from ipip.train.records.progress import ProgressBar
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
    """Train a student in place; most arguments are those of `ipip.train.fit`.

    `total_steps` are the optimiser steps of the whole training; with `resume` it goes on from
    `last.ckpt`.

    Raises:
        IpipError: the loss is not finite.
        TerminatedError: SIGTERM; the state is saved.
    """
    checkpoint = load_checkpoint(folder / "last.ckpt") if resume else None
    graphs = graph_dataset(train_frames, student, settings)
    if objective is not None:
        graphs.extras = objective.extras
    loader, order = train_loader(graphs, settings, seed)
    if checkpoint is not None:
        order.start_at(*resume_point(checkpoint))
    bar = ProgressBar(progress and processes.is_first(), total_steps)
    checkpoints = BestAndLast(folder, settings.checkpoint_every)
    termination = Termination()
    module = TrainingModule(
        student,
        ValidationBatches(graph_dataset(valid_frames, student, settings)),
        settings,
        total_steps,
        [checkpoints, *_logs(settings, folder), bar],
        termination,
        checkpoints.save_last,
        objective,
        seed,
    )
    if checkpoint is not None and checkpoint[STATE]["finished"]:
        module.on_load_checkpoint(checkpoint)
        return module
    student.train()
    with quiet_lightning(), bar:
        arguments = machine(settings)
        arguments["plugins"].append(AtomicCheckpointIO())
        trainer = lightning.Trainer(
            **arguments,
            max_epochs=settings.max_epochs,
            gradient_clip_val=settings.gradient_clip,
            **SILENT,
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
        finally:
            termination.restore()
    return module


SILENT: dict[str, Any] = {
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "use_distributed_sampler": False,
    "num_sanity_val_steps": 0,
}


def machine(settings: TrainingSettings) -> dict[str, Any]:
    """Return the arguments of a Lightning trainer that say where and how precisely it computes."""
    arguments: dict[str, Any] = {
        "accelerator": settings.accelerator,
        "devices": 1,
        "plugins": [cluster_environment()],
    }
    if settings.precision != "full":
        arguments["precision"] = LIGHTNING[settings.precision]
    if processes.count() > 1:
        here = processes.count_here()
        arguments |= {
            "devices": here,
            "num_nodes": processes.count() // here,
            "strategy": DDPStrategy(broadcast_buffers=False),
        }
    return arguments


def cluster_environment() -> ClusterEnvironment:
    """Return who Lightning takes the processes of a training from: those that joined, or none.

    Without it Lightning looks for a scheduler itself, and a training that runs alone in a job of 65
    tasks (`SLURM_NTASKS`, PMI, LSF) is taken for one of 65 or refused.
    """
    if processes.count() > 1:
        return TorchElasticEnvironment()
    alone = LightningEnvironment()
    alone.set_global_rank(0)  # loggers go by the rank that a scheduler's variables gave otherwise
    return alone


def _logs(settings: TrainingSettings, folder: Path) -> list[Callable[[TrainingModule], None]]:
    if not processes.is_first():
        return []
    logs: list[Callable[[TrainingModule], None]] = [CsvLog(folder)]
    if settings.tensorboard:
        logs.append(TensorBoardLog(folder))
    if settings.wandb_project is not None:
        logs.append(WandbLog(folder, settings.wandb_project))
    return logs
