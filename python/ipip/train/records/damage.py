"""Whether what a training left is what it wrote, so that one that was killed can go on from it."""

from __future__ import annotations

from pathlib import Path

from ipip.errors import IpipError
from ipip.train.records.checkpoints import check_checkpoint
from ipip.train.records.training_record import FINISHED, STARTED, read_training_record


def training_problem(folder: Path) -> str | None:
    """Say which file of a training is damaged, in a sentence; None where none is.

    Args:
        folder: of the training; it may be absent.
    """
    try:
        for name in (STARTED, FINISHED):
            if (folder / name).exists():
                read_training_record(folder / name)
        for name in ("last.ckpt", "best.ckpt"):
            if (folder / name).exists():
                check_checkpoint(folder / name)
    except IpipError as error:
        return str(error)
    return None
