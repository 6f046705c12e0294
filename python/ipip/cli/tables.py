"""Tables in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Column, Table

from ipip.cli.progress import format_seconds
from ipip.cli.watch import draw_state
from ipip.pages.numbers import format_number
from ipip.report.table import HEADER, describe_speed, table_rows
from ipip.storage.disk_space import megabytes
from ipip.views.status import RunState

if TYPE_CHECKING:
    from ipip.loop.plan import Plan


def print_results(summary: dict[str, Any], folder: Path) -> None:
    """Print the verdict, the table, and the paths of the results."""
    console = Console(highlight=False, markup=False)
    console.print()
    console.print(summary["verdict"], style="bold")
    console.print(describe_speed(summary))
    console.print(_results(summary))
    stresses = [
        (name, test["stress_mae_ev_per_a3"])
        for name, test in [
            ("teacher", summary["teacher"]["test"]),
            *((f"student {entry['round']}", entry["test"]) for entry in summary["rounds"]),
        ]
        if test.get("stress_mae_ev_per_a3") is not None
    ]
    if stresses:
        listed = ", ".join(f"{name} {format_number(1000 * error)}" for name, error in stresses)
        console.print(f"stress MAE (meV/Å^3): {listed}", soft_wrap=True)
    if summary["stopped"]:
        console.print(f"why it ended:   {summary['stopped']}", soft_wrap=True)
    console.print(f"student to use: {folder / 'best' / 'student.pt'}", soft_wrap=True)
    console.print(f"report:         {folder / 'report' / 'report.html'}", soft_wrap=True)


def print_status(state: RunState) -> None:
    """Print the verdict so far, the table, and each stage's state."""
    console = Console(highlight=False, markup=False)
    if state.summary["rounds"]:
        console.print(_results(state.summary))
    console.print(draw_state(state))


def print_plan(plan: Plan) -> None:
    """Print what a run will do and what it may cost."""
    console = Console(highlight=False, markup=False)
    parts = ", ".join(f"{count} {part}" for part, count in plan.reference.items())
    console.print(f"The settings are valid. Reference frames: {parts}.")
    table = Table(Column("stage", no_wrap=True, overflow="fold"), "work", "estimate", box=None)
    for stage in plan.stages:
        table.add_row(stage.stage_id, stage.work, format_seconds(stage.seconds))
    console.print(table)
    console.print(
        f"In all about {format_seconds(plan.seconds)} and {megabytes(plan.disk_bytes)} of disk "
        "(estimates)."
    )
    for concern in plan.concerns:
        console.print(f"Warning: {concern}.", style="bold")
    for note in plan.notes:
        console.print(note, style="dim")


def _results(summary: dict[str, Any]) -> Table:
    """Return the results, one line a model in a terminal of 80 columns.

    The least needed column is omitted and headings are broken at every space; in rows that are
    still too wide the names of the models are folded.
    """
    shown = [number for number, name in enumerate(HEADER) if "RMSE" not in name]
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number in shown:
        heading = HEADER[number].replace("(95 %)", "(95\u00a0%)").replace(" ", "\n")
        justify: JustifyMethod = "right" if number else "left"
        table.add_column(heading, justify=justify, vertical="bottom", no_wrap=number > 0)
    for row in table_rows(summary):
        table.add_row(*(row[number].replace(" %)", ")") for number in shown))
    return table
