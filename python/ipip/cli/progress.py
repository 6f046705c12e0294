"""Progress of a run in the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ipip.pipeline.reporter import Advance

INDENT = 6


class TerminalReporter:
    """Draws stages and progress bars with rich; without a terminal, plain lines."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, markup=False)

    def stage_started(self, stage_id: str, title: str, number: int, total: int) -> None:
        """Print the starting stage."""
        self._print(Text.assemble((f"{number}/{total} {stage_id}", "bold"), f" {title}"), 0)

    def stage_finished(self, stage_id: str, wall_s: float, note: str) -> None:
        """Print the outcome of a stage."""
        self._print(Text(f"done in {format_seconds(wall_s)}{f': {note}' if note else ''}"))

    def stage_skipped(self, stage_id: str) -> None:
        """Print that a stage was done before."""
        self._print(Text(f"{stage_id} was done before", "dim"))

    def message(self, text: str) -> None:
        """Print a line."""
        self._print(Text(text))

    def _print(self, text: Text, indent: int = INDENT) -> None:
        """Print a line, folded under its indent in a terminal, unbroken in a file."""
        if self.console.is_terminal:
            self.console.print(Padding(text, (0, 0, 0, indent), expand=False))
        else:
            self.console.print(Text(" " * indent) + text, soft_wrap=True)

    @contextlib.contextmanager
    def tasks(self, description: str, total: int) -> Iterator[Advance]:
        """Draw a bar with the time left while the block runs."""
        columns = (
            TextColumn("      {task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal
        ) as bar:
            task = bar.add_task(description, total=max(total, 1))
            yield lambda steps: bar.advance(task, steps)


@contextlib.contextmanager
def status_line(text: str, *, shown: bool = True) -> Iterator[None]:
    """Draw a line on standard error while the block runs, if that is a terminal."""
    console = Console(stderr=True, highlight=False, markup=False)
    if not (shown and console.is_terminal):
        yield
        return
    with console.status(text, spinner="line"):  # in ASCII
        yield


def format_seconds(seconds: float) -> str:
    """Return a duration as text for people: ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
