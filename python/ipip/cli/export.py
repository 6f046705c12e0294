"""`ipip export`: write the model file of a training and check it in LAMMPS."""

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
        bool, typer.Option("--lammps/--no-lammps", help="Also compare with LAMMPS.")
    ] = True,
) -> None:
    """Write a model file and check that Python, TorchScript and LAMMPS compute the same from it."""
    from rich.console import Console
    from rich.table import Table

    from ipip.errors import IpipError
    from ipip.train.export import export_student
    from ipip.uncertainty.record import missing_uncertainty, read_uncertainty

    rows = export_student(source, target, dtype, with_lammps=lammps)
    console = Console(highlight=False, markup=False)
    table = Table(title=f"{target}: differences, relative to the largest value")
    for heading in ("against", "energy", "forces", "stress", "allowed", ""):
        table.add_column(heading, justify="right")
    for row in rows:
        numbers = (row.energy, row.forces, row.stress, row.tolerance)
        table.add_row(row.name, *(f"{n:.1e}" for n in numbers), "ok" if row.holds else "DIFFERS")
    console.print(table)
    if not all(row.holds for row in rows):
        raise IpipError(
            f"{target} was written, but its results differ as the table shows; do not use it"
        )
    if read_uncertainty(target) is None:
        typer.echo(missing_uncertainty(target))
