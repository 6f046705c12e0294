"""`ipip study`: compare ways to train a student, under equal budgets and over several seeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.study.driver import Prepared


def study(
    config: Annotated[Path, typer.Argument(help="Settings file of the study (YAML).")],
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Study folder; by default named after the settings file."),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Check everything and print the arms; run nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Run every arm for every seed, or continue; write one table, the plots and a verdict."""
    from ipip.cli.progress import TerminalReporter
    from ipip.cli.stopping import stoppable
    from ipip.config.load import load_settings
    from ipip.config.study import StudySettings
    from ipip.pipeline.reporter import SilentReporter
    from ipip.study.driver import prepare_study, run_study

    settings = load_settings(config, StudySettings)
    target = folder or Path(f"{config.stem}-study")
    if plan:
        _print_plan(prepare_study(settings), settings.seeds)
        return
    reporter = SilentReporter() if as_json else TerminalReporter()
    with stoppable(target):
        summary = run_study(settings, target, reporter=reporter)
    if as_json:
        typer.echo(json.dumps(summary))
        return
    _print_summary(summary, target)


def _print_plan(prepared: Prepared, seeds: list[int]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    budget, arms, concerns = prepared.budget, prepared.arms, prepared.concerns

    console = Console(highlight=False, markup=False)
    steps = budget.steps_of_one_student
    console.print(
        f"{len(arms)} arms, {len(seeds)} seeds. The judged student of each arm sees {steps} "
        f"optimiser steps; the iterated arm trains {budget.rounds} students."
    )
    table = Table(
        Column("arm", no_wrap=True, overflow="fold"),
        Column("labels", justify="right"),
        Column("epochs", justify="right"),
        Column("what it is", overflow="fold"),
        box=None,
    )
    for arm in arms:
        table.add_row(arm.name, str(arm.labels), f"{arm.epochs:.0f}", arm.meaning)
    console.print(table)
    console.print("Epochs: of the last student's training on the labels.")
    for concern in concerns:
        console.print(f"Warning: {concern}.", style="bold")


def _print_summary(summary, target: Path) -> None:  # type: ignore[no-untyped-def]
    from rich.console import Console
    from rich.table import Column, Table

    from ipip.study.report import HEADER, table_rows

    console = Console(highlight=False, markup=False)
    console.print(summary["verdict"], style="bold")
    table = Table(*(Column(name, overflow="fold") for name in HEADER))
    for row in table_rows(summary):
        table.add_row(*row)
    console.print(table)
    console.print(f"report: {target / 'report' / 'study.md'}", soft_wrap=True)
