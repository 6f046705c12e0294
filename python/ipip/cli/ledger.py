"""`ipip ledger`: the origin and history of a run's frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def ledger(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    frame: Annotated[str | None, typer.Option(help="Part of the frame's id.")] = None,
    origin: Annotated[
        int | None, typer.Option(help="Round whose exploration made the frame.")
    ] = None,
    lived_in: Annotated[
        int | None, typer.Option("--round", help="Round whose pretraining set holds it.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Source of the label: teacher, 'student 0', reference.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Most rows to print.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print all rows as JSON.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write all rows and columns to this file (CSV).")
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(
            help="Write the frames of a round's pretraining set with their labels to this file "
            "(.xyz, .extxyz, .db, .lmdb): of --round, or of the last one."
        ),
    ] = None,
) -> None:
    """Look up frames: origin, labels, energy shift and rounds; write them to files.

    All options select the same frames for the table, the files and --json, which may be combined
    with files.
    """
    import dataclasses
    import json

    from ipip.storage.atomic import require_new_file
    from ipip.views.ledger import read_ledger, write_ledger
    from ipip.views.pretraining_frames import write_pretraining_frames

    if csv is not None:
        require_new_file(csv)
    if frames is not None:
        written = write_pretraining_frames(
            run, frames, frame=frame, origin=origin, lived_in=lived_in, label=label
        )
        typer.echo(
            f"wrote {written.frames} of the {written.of} frames of round {written.round} to "
            f"{frames}",
            err=as_json,
        )
        if csv is None and not as_json:
            return
    rows = read_ledger(run, frame=frame, origin=origin, lived_in=lived_in, label=label)
    if csv is not None:
        write_ledger(csv, rows)
        typer.echo(f"wrote {len(rows)} rows to {csv}", err=as_json)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(row) for row in rows], indent=1))
    if csv is not None or as_json:
        return
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(
        Column("frame", overflow="fold"),
        "formula",
        "rounds",
        "labels",
        "shift (eV)",
        "left",
        box=None,
    )
    for row in rows[:limit]:
        shift = f"{float(row.energy_shift_ev):.3f}" if row.energy_shift_ev else ""
        table.add_row(row.frame_id, row.formula, row.rounds, row.labels, shift, row.left)
    console = Console(highlight=False, markup=False)
    console.print(table)
    more = f", {limit} shown" if len(rows) > limit else ""
    console.print(f"{len(rows)} frames{more}; --csv FILE writes all columns", soft_wrap=True)
