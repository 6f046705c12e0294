"""`ipip report`: write a run's page, tables and pictures again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Write RUN/report: report.html (one page, no network needed), summary.md and pictures."""
    from ipip.views.results import write_results_again

    path = write_results_again(run)
    typer.echo(f"wrote {path}; summary.md and its pictures are beside it")
