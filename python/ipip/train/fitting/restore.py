"""Students from the checkpoints of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ipip.errors import InputError
from ipip.models import Student, build_student
from ipip.train.fitting.averaging import put_average
from ipip.train.records.checkpoints import STATE, load_checkpoint
from ipip.train.records.training_record import STARTED, read_training_record

PREFIX = "student."


def load_weights(student: Student, checkpoint: dict[str, Any]) -> None:
    """Put a checkpoint's averaged weights into a student and set it to evaluation mode."""
    student.load_state_dict(
        {
            name.removeprefix(PREFIX): value
            for name, value in checkpoint["state_dict"].items()
            if name.startswith(PREFIX)
        }
    )
    put_average(student, checkpoint[STATE]["average"])
    student.eval()


def student_from_checkpoint(path: Path) -> tuple[Student, dict[str, Any]]:
    """Rebuild the student of a checkpoint (`best.ckpt`, `last.ckpt`) with its averaged weights.

    Args:
        path: the checkpoint.

    Returns:
        The student, and its provenance: best epoch, and the training set's digest if the
        training's record is beside the checkpoint.

    Raises:
        InputError: there is no such checkpoint, or it is not of a student's training.
        IpipError: it cannot be read.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such checkpoint; give a best.ckpt or last.ckpt")
    checkpoint = load_checkpoint(path)
    try:
        state = checkpoint[STATE]
        made = state["student"]
        student = build_student(made["architecture"], made["symbols"], **made["arguments"])
        load_weights(student, checkpoint)
        provenance: dict[str, Any] = {"checkpoint": path.name, "best_epoch": state["best_epoch"]}
    except (KeyError, TypeError, AttributeError, IndexError, RuntimeError):
        raise InputError(
            f"{path}: not a checkpoint of a student's training; give a best.ckpt"
        ) from None
    record = path.parent / STARTED
    if record.is_file():
        provenance["training_digest"] = read_training_record(record)["training_frames"]
    return student, provenance
