"""`ipip report`: write a run's tables and pictures again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Write RUN/report: summary.md and pictures, from the finished rounds."""
    from ipip.loop.results import write_results

    path = write_results(run)
    typer.echo(f"wrote {path} and its pictures")
