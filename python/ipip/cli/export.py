"""`ipip export`: a model file from a training, checked in LAMMPS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    source: Annotated[
        Path, typer.Argument(help="Checkpoint (.ckpt) of a training, or a model file (.pt).")
    ],
    target: Annotated[Path, typer.Argument(help="Model file to write (.pt).")],
    dtype: Annotated[
        str | None, typer.Option(help="Precision of the network: float32 or float64.")
    ] = None,
    lammps: Annotated[
        bool, typer.Option("--lammps/--no-lammps", help="Compare with LAMMPS too.")
    ] = True,
) -> None:
    """Write a model file and check that memory, TorchScript and LAMMPS agree on it."""
    from rich.console import Console
    from rich.table import Table

    from ipip.errors import InputError, IpipError
    from ipip.export import load_student, save_student
    from ipip.lammps.agreement import check_agreement
    from ipip.models import build_student
    from ipip.train import student_from_checkpoint

    if target.resolve() == source.resolve():
        raise InputError(f"{target}: source and target are the same file; name another target")
    if source.suffix == ".ckpt":
        student, training = student_from_checkpoint(source)
        training_digest: str | None = training.get("training_digest")
    else:
        student, metadata = load_student(source)
        training_digest, training = metadata.training_digest, metadata.training
    if dtype is not None and dtype != student.dtype_name:
        arguments = student.arguments | {"dtype": dtype}
        other = build_student(student.architecture, student.symbols, **arguments)
        other.load_state_dict(student.state_dict())
        student = other
    save_student(student, target, training_digest=training_digest, training=training)

    console = Console(highlight=False)
    table = Table(title=f"{target}: differences, relative to the largest value")
    for heading in ("against", "energy", "forces", "stress", "allowed", ""):
        table.add_column(heading, justify="right")
    rows = list(check_agreement(target, with_lammps=lammps))
    for row in rows:
        numbers = (row.energy, row.forces, row.stress, row.tolerance)
        table.add_row(row.name, *(f"{n:.1e}" for n in numbers), "ok" if row.holds else "DIFFERS")
    console.print(table)
    if not all(row.holds for row in rows):
        raise IpipError(
            f"{target} was written, but its results differ as the table shows; do not use it"
        )
