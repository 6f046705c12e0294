"""Checkpoints, written whole or not at all: `best.ckpt`, then `last.ckpt`."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ipip.errors import InputError, IpipError
from ipip.storage.atomic import replaced_file
from ipip.storage.disk_space import nothing_lost
from ipip.train.processes import is_first
from ipip.train.records.training_record import training_digest

if TYPE_CHECKING:
    from ipip.train.fitting.module import TrainingModule

BEST, LAST = "best.ckpt", "last.ckpt"
STATE = "ipip"  # key of ipip's part of a checkpoint


def save_checkpoint(checkpoint: dict[str, Any], path: Path) -> None:
    """Serialise in memory, then write: a full disk raises OSError and keeps the old file."""
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    with replaced_file(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


class BestAndLast:
    """Writes checkpoints at the end of epochs.

    `best.ckpt` is written before `last.ckpt`: a training killed in between resumes before the best
    epoch and finds the same one again.

    Args:
        folder: of the checkpoints.
        every: epochs between two `last.ckpt`; one is also written at a new best and at the end.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self.folder = folder
        self.every = every

    def __call__(self, module: TrainingModule) -> None:
        """Write the checkpoints that are due."""
        due = (module.current_epoch + 1) % self.every == 0
        if not (due or module.improved or module.finished):
            return
        last = self.folder / LAST
        if module.improved:
            best = self.folder / BEST
            checkpoint = module.checkpoint()
            if not is_first():
                return
            save_checkpoint(checkpoint, best)
            with replaced_file(last) as temporary:
                try:
                    os.link(best, temporary)
                except OSError:  # a file system without hard links
                    shutil.copyfile(best, temporary)
        else:
            self.save_last(module)

    def save_last(self, module: TrainingModule) -> Path:
        """Write `last.ckpt` at the present step, and return the folder."""
        checkpoint = module.checkpoint()
        if is_first():
            save_checkpoint(checkpoint, self.folder / LAST)
        return self.folder


def check_checkpoint(path: Path) -> None:
    """Compare the checksum of each part of a checkpoint, which PyTorch does not check.

    Raises:
        IpipError: it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except Exception as error:  # zipfile raises many kinds on damaged files
        damaged = str(error) or type(error).__name__
    if damaged is not None:
        raise IpipError(
            f"{path}: cannot be read as a checkpoint, it is damaged ({damaged}); remove the folder "
            "to train again"
        )


def load_own_checkpoint(folder: Path, name: str, best_epoch: int | None = None) -> dict[str, Any]:
    """Read a checkpoint of the training in a folder.

    Args:
        folder: of the training.
        name: BEST or LAST.
        best_epoch: expected epoch of BEST; None: the one that it names.

    Raises:
        IpipError: it or the training's record is damaged, it is of another training, BEST is not of
            the best epoch, or LAST exists without BEST.
    """
    path = folder / name
    training = training_digest(folder)
    checkpoint = load_checkpoint(path)
    state = checkpoint.get(STATE)
    problem = None
    if not isinstance(state, dict):
        problem = "is not a checkpoint of a training"
    elif state.get("training", training) != training:
        problem = "is a checkpoint of another training"
    elif name == BEST:
        best = state["best_epoch"] if best_epoch is None else best_epoch
        if state["epoch"] != best:
            problem = f"is of epoch {state['epoch'] + 1}, but the best is epoch {best + 1}"
    elif state["best_epoch"] >= 0 and not (folder / BEST).exists():
        problem = f"names epoch {state['best_epoch'] + 1} as the best, but there is no {BEST}"
    if problem is not None:
        raise IpipError(f"{path}: {problem}; remove the folder to train again")
    return checkpoint


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this package onto the CPU.

    Raises:
        InputError: it is not a checkpoint, or a pickle that does more than build plain values.
        IpipError: it is damaged.
    """
    check_checkpoint(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's warning on TorchScript
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError):  # torch's advice would run its content
        raise InputError(
            f"{path}: is not a checkpoint of ipip (it is a TorchScript archive, damaged, or holds "
            "more than plain values and tensors); give a best.ckpt or last.ckpt, or a model file "
            "whose name ends in .pt"
        ) from None
    except Exception as error:  # torch raises many kinds on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise IpipError(
            f"{path}: cannot be read as a checkpoint ({reason}); remove the folder to train again"
        ) from None
    if not isinstance(checkpoint, dict):
        raise InputError(f"{path}: is not a checkpoint of ipip; give a best.ckpt or last.ckpt")
    return checkpoint


def checkpoint_kept(folder: Path) -> str:
    """Return what a full disk leaves of the training in a folder."""
    return "the last checkpoint is intact" if (folder / LAST).exists() else nothing_lost()
