"""`ipip status`: a run's progress and its results so far."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def status(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print summary.json, for programs.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Keep watching until the run ends; ctrl-C stops watching."),
    ] = False,
    interval: Annotated[
        float, typer.Option(help="s between two updates of --watch.", min=0.1)
    ] = 2.0,
) -> None:
    """Print a run's finished stages, its current work and its table of results."""
    import json

    from ipip.errors import IpipError
    from ipip.views.status import read_status

    state = read_status(run)
    if as_json and state.problem is None:
        typer.echo(json.dumps(state.summary, indent=2))
        return
    if as_json:
        raise IpipError(str(state.problem))
    if watch:
        from ipip.cli.watch import watch_run

        watch_run(run, interval)
        return
    from ipip.cli.tables import print_status

    print_status(state)
    if state.problem is not None:
        raise IpipError(state.problem)
