"""`ipip task`: perform one task, or list a run's tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def task(
    file: Annotated[
        Path,
        typer.Argument(
            help="task.json to perform; or a run folder (or a folder of tasks), to list its tasks."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result, or the list, as JSON.")
    ] = False,
) -> None:
    """Perform one task of a run, as a cluster's block does; or list the tasks of a run."""
    import json

    if file.is_dir():
        from ipip.execution.listing import list_tasks

        listed = list_tasks(file)
        if as_json:
            typer.echo(json.dumps([entry.as_dict() for entry in listed], indent=1))
            return
        for entry in listed:
            typer.echo(f"{entry.state:8} {entry.attempts:3} {entry.file}  {entry.title}")
        return
    from ipip.cli.task_process import perform

    result = perform(file)
    if as_json:
        typer.echo(json.dumps(result, indent=1))
    elif result:
        typer.echo(f"done by attempt {result['attempt']} on {result['host']}: {file.parent}")
