"""A model file from a training, checked with each way of evaluation."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ipip.errors import InputError
from ipip.export import load_student, read_metadata, save_student
from ipip.export.digest import weights_digest
from ipip.lammps.agreement import Agreement, check_agreement
from ipip.models import Student, build_student
from ipip.train import student_from_checkpoint
from ipip.train.run import STUDENT
from ipip.uncertainty import Uncertainty, read_uncertainty, write_uncertainty


def export_student(
    source: Path, target: Path, dtype: str | None = None, *, with_lammps: bool = True
) -> list[Agreement]:
    """Write a model file; return how TorchScript and LAMMPS agree with the student in memory.

    Expected errors come from the source, or from the training's own model file if that has the
    same weights.

    Args:
        source: checkpoint (.ckpt) of a training, or a model file.
        target: model file to write.
        dtype: float32 or float64, of the network; None: unchanged.
        with_lammps: also compare with LAMMPS.

    Raises:
        InputError: the source cannot be read, or is the target.
    """
    if target.resolve() == source.resolve():
        raise InputError(f"{target}: source and target are the same file; name another target")
    if source.suffix == ".ckpt":
        student, training = student_from_checkpoint(source)
        training_digest: str | None = training.get("training_digest")
        uncertainty = _recorded_beside(source, student)
    else:
        student = load_student(source)
        metadata = read_metadata(source)
        training_digest, training = metadata.training_digest, metadata.training
        uncertainty = read_uncertainty(source)
    if dtype is not None and dtype != student.dtype_name:
        arguments = student.arguments | {"dtype": dtype}
        other = build_student(student.architecture, student.symbols, **arguments)
        other.load_state_dict(student.state_dict())
        student = other
    save_student(student, target, training_digest=training_digest, training=training)
    if uncertainty is not None:
        write_uncertainty(target, uncertainty)
    return list(check_agreement(target, with_lammps=with_lammps))


def _recorded_beside(checkpoint: Path, student: Student) -> Uncertainty | None:
    """Return the expected errors in the model file of a checkpoint's training.

    The file is beside the checkpoints of `ipip train`, and above those of a stage of the loop. None
    without one, or if it has other weights than the student.
    """
    folder = checkpoint.resolve().parent
    for path in (folder / STUDENT, folder.parent / STUDENT):
        with contextlib.suppress(InputError):  # there is none, or it cannot be read
            if read_metadata(path).weights_digest == weights_digest(student.state_dict()):
                return read_uncertainty(path)
    return None
