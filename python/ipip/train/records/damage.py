"""Checks that the files of a killed training are undamaged, so that it can resume."""

from __future__ import annotations

from pathlib import Path

from ipip.errors import IpipError
from ipip.train.records.checkpoints import BEST, LAST, load_own_checkpoint
from ipip.train.records.training_record import (
    FINISHED,
    STARTED,
    read_training_record,
)


def training_problem(folder: Path) -> str | None:
    """Return a sentence on the first damaged file of a training; None if none is.

    Args:
        folder: of the training; it may be absent.
    """
    try:
        best = None
        for name in (STARTED, FINISHED):
            if (folder / name).exists():
                best = read_training_record(folder / name).get("best_epoch")
        for name in (LAST, BEST):
            if (folder / name).exists():
                load_own_checkpoint(folder, name, best)
    except IpipError as error:
        return str(error)
    return None
