"""A progress bar over the MD steps of many runs."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ipip.lammps import Verdict


@dataclasses.dataclass
class RunProgress:
    """The bar; counts ended and failed runs.

    Attributes:
        bar: of rich.
        task: in it.
        runs: in all.
        ended: so far.
        unstable: of these.
    """

    bar: Progress
    task: TaskID
    runs: int
    ended: int = 0
    unstable: int = 0

    def steps(self, done: int, total: int) -> None:
        """Show MD steps."""
        self.bar.update(self.task, completed=done, total=max(total, 1))

    def result(self, model: str, run: int, verdict: Verdict) -> None:
        """Count a run; print why it failed."""
        self.ended += 1
        if verdict.state != "stable":
            self.unstable += verdict.state == "unstable"
            self.bar.console.print(f"{model} run {run}: {verdict.state}: {verdict.message}")
        self.bar.update(self.task, runs=f"{self.ended} of {self.runs}, {self.unstable} unstable")


@contextlib.contextmanager
def step_progress(runs: int, *, shown: bool = True) -> Iterator[RunProgress]:
    """Draw a bar while the block runs."""
    console = Console(stderr=True, highlight=False, markup=False, quiet=not shown)
    columns = (
        TextColumn("runs {task.fields[runs]}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    drawn = shown and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not drawn) as bar:
        yield RunProgress(bar, bar.add_task("", total=None, runs=f"0 of {runs}"), runs)
