"""Checkpoints that are whole or not there: `best.ckpt`, then `last.ckpt`."""

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
from lightning.fabric.plugins import TorchCheckpointIO

from ipip.errors import InputError, IpipError
from ipip.storage.atomic import replaced_file
from ipip.storage.disk_space import nothing_lost
from ipip.train.processes import is_first

if TYPE_CHECKING:
    from ipip.train.fitting.module import TrainingModule


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to a temporary file and renames it."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Serialise in memory, then write: a full disk is an OSError and leaves the old file."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with replaced_file(Path(path)) as temporary:
            temporary.write_bytes(buffer.getbuffer())


class BestAndLast:
    """Writes checkpoints at the end of epochs.

    `best.ckpt` is written before `last.ckpt`: a training killed in between resumes before the best
    epoch and arrives at the same one.

    Args:
        folder: where they go.
        every: epochs between two `last.ckpt`; one is also written at a new best and at the end.
    """

    def __init__(self, folder: Path, every: int) -> None:
        self.folder = folder
        self.every = every

    def __call__(self, module: TrainingModule) -> None:
        """Write what is due."""
        due = (module.current_epoch + 1) % self.every == 0
        if not (due or module.improved or module.finished):
            return
        last = self.folder / "last.ckpt"
        if module.improved:
            best = self.folder / "best.ckpt"
            module.trainer.save_checkpoint(best)
            if not is_first():
                return
            with replaced_file(last) as temporary:
                try:
                    os.link(best, temporary)
                except OSError:  # a file system without hard links
                    shutil.copyfile(best, temporary)
        else:
            self.save_last(module)

    def save_last(self, module: TrainingModule) -> Path:
        """Write `last.ckpt` at any step, and return the folder."""
        module.trainer.save_checkpoint(self.folder / "last.ckpt")
        return self.folder


def check_checkpoint(path: Path) -> None:
    """Compare the checksum of each part of a checkpoint, which PyTorch itself does not look at.

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
            "to train anew"
        )


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this package onto the CPU.

    Raises:
        InputError: it is no checkpoint; a pickle that does more than build plain values is none.
        IpipError: it is damaged.
    """
    check_checkpoint(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, on TorchScript
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError):  # torch's advice would run what is in it
        raise InputError(
            f"{path}: is no checkpoint of ipip (it is a TorchScript archive, damaged, or holds "
            "more than plain values and tensors); give a best.ckpt or last.ckpt, or a model file "
            "whose name ends in .pt"
        ) from None
    except Exception as error:  # torch raises many kinds on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise IpipError(
            f"{path}: cannot be read as a checkpoint ({reason}); remove the folder to train anew"
        ) from None
    if not isinstance(checkpoint, dict):
        raise InputError(f"{path}: is no checkpoint of ipip; give a best.ckpt or last.ckpt")
    return checkpoint


def checkpoint_kept(folder: Path) -> str:
    """Say what a full disk left of the training in a folder."""
    return "the last checkpoint is intact" if (folder / "last.ckpt").exists() else nothing_lost()
