"""A model file from a training, checked with each way of evaluation."""

from __future__ import annotations

from pathlib import Path

from ipip.errors import InputError
from ipip.export import load_student, read_metadata, save_student
from ipip.lammps.agreement import Agreement, check_agreement
from ipip.models import build_student
from ipip.train import student_from_checkpoint
from ipip.uncertainty.record import carry_uncertainty


def export_student(
    source: Path, target: Path, dtype: str | None = None, *, with_lammps: bool = True
) -> list[Agreement]:
    """Write a model file; return how TorchScript and LAMMPS agree with the student in memory.

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
    else:
        student = load_student(source)
        metadata = read_metadata(source)
        training_digest, training = metadata.training_digest, metadata.training
    if dtype is not None and dtype != student.dtype_name:
        arguments = student.arguments | {"dtype": dtype}
        other = build_student(student.architecture, student.symbols, **arguments)
        other.load_state_dict(student.state_dict())
        student = other
    save_student(student, target, training_digest=training_digest, training=training)
    if source.suffix != ".ckpt":
        carry_uncertainty(source, target)
    return list(check_agreement(target, with_lammps=with_lammps))
