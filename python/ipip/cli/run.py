"""`ipip run`: the whole loop; the same command continues a run that was stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def run(
    config: Annotated[Path, typer.Argument(help="Settings file (YAML).")],
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Run folder; by default named after the settings file."),
    ] = None,
    from_stage: Annotated[
        str | None,
        typer.Option(
            "--from-stage",
            metavar="STAGE",
            help="Set aside the results of this stage (as `ipip status` names it) or round "
            "(round_001) and of all later ones, and compute them again.",
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="Set aside finished stages that do not fit changed settings, without "
            "confirmation.",
        ),
    ] = False,
) -> None:
    """Run the loop, or continue it: teacher MD, training, student MD in LAMMPS, harvest, ..."""
    from ipip.cli.progress import TerminalReporter
    from ipip.cli.stopping import stoppable
    from ipip.cli.tables import print_results
    from ipip.config.load import load_settings
    from ipip.config.run import RunSettings

    settings = load_settings(config, RunSettings)
    target = folder or Path(f"{config.stem}-run")
    reporter = TerminalReporter()
    with stoppable(target):
        from ipip.loop.run import run_loop

        confirm = _confirmation(yes)
        summary = run_loop(
            settings, target, reporter=reporter, from_stage=from_stage, confirm=confirm
        )
    print_results(summary, target)


def _confirmation(yes: bool) -> Callable[[str], bool] | None:
    """Return the prompt about changed stages; None without a terminal."""
    if yes:
        return lambda text: True
    if not sys.stdin.isatty():
        return None

    def confirm_aside(text: str) -> bool:
        typer.echo(text, err=True)
        return typer.confirm("Set them aside and compute them again?", default=False, err=True)

    return confirm_aside
