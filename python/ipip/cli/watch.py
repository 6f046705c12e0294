"""Watch a run from another terminal."""

from __future__ import annotations

import time
from itertools import groupby
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ipip.cli.execution_lines import draw_execution
from ipip.cli.progress import format_seconds
from ipip.views.status import Now, RunState, StageState, read_status

LINES_BELOW = 9  # the bar, the verdict and the prompt
MARKS = {"done": "●", "running": "▶", "begun": "◐", "open": "○", "left out": "–", "damaged": "✗"}


def watch_run(root: Path, interval: float) -> None:
    """Draw the state of a run repeatedly until no driver works on it.

    Args:
        root: run folder.
        interval: s between two updates.
    """
    console = Console(highlight=False, markup=False)
    state = read_status(root)
    with Live(console=console, auto_refresh=False) as live:
        while state.driven:
            live.update(draw_state(state, console.size.height), refresh=True)
            time.sleep(interval)
            state = read_status(root)
        live.update(draw_state(state, console.size.height), refresh=True)


def draw_state(state: RunState, height: int | None = None) -> RenderableType:
    """Return a run's state: one line a stage, the current stage with a bar, the verdict below.

    Args:
        state: of the run.
        height: lines of the terminal; if too few for all stages, a round whose stages are all
            done, or not started, is one line.
    """
    table = Table(box=None, show_header=False, padding=(0, 1))
    rounds = [list(own) for _, own in groupby(state.stages, key=lambda s: s.stage_id.split("/")[0])]
    short = height is not None and len(state.stages) + LINES_BELOW > height
    stages = [stage for own in rounds for stage in (_as_one(own) if short else own)]
    for stage in stages:
        about = format_seconds(stage.wall_s) if stage.wall_s is not None else ""
        if stage.wall_s is None and stage.expected_s is not None:
            about = f"about {format_seconds(stage.expected_s)}"
        running = state.now is not None and state.now.stage == stage.stage_id
        style = "bold" if running else "dim" if stage.state in {"open", "left out"} else ""
        table.add_row(MARKS[stage.state], stage.stage_id, stage.state, about, style=style)
    parts: list[RenderableType] = [table]
    if state.now is not None:
        parts.append(_draw_now(state.now))
    if state.execution is not None:
        parts += draw_execution(state.execution)
    done = sum(stage.state == "done" for stage in state.stages)
    parts.append(Text(f"{done} of {len(state.stages)} stages are done{_left(state)}"))
    parts.append(Text(str(state.summary["verdict"]), style="bold"))
    if state.stopped is not None:
        parts.append(Text(f"the run ends here: {state.stopped}"))
    elif not state.driven and state.now is None:
        if state.failed is not None:
            parts.append(Text(state.failed, style="red"))
        parts.append(Text("no driver works on it; the same `ipip run` continues it"))
    return Group(*parts)


def _as_one(stages: list[StageState]) -> list[StageState]:
    """Return a round as one line if all its stages are in the same state, else its stages."""
    first = stages[0]
    if first.state not in {"done", "open", "left out"} or len({s.state for s in stages}) > 1:
        return stages
    expected = [stage.expected_s for stage in stages if stage.expected_s is not None]
    return [
        StageState(
            first.stage_id.split("/")[0],
            first.state,
            sum(stage.wall_s or 0.0 for stage in stages) if first.state == "done" else None,
            sum(expected) if len(expected) == len(stages) else None,
        )
    ]


def _draw_now(now: Now) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    if now.task is None:
        line.add_row(f"  {now.stage}", f"for {format_seconds(now.elapsed_s)}")
        return line
    left = "" if now.left_s is None else f"{format_seconds(now.left_s)} left"
    bar = ProgressBar(total=max(now.total, 1), completed=now.done, width=30)
    line.add_row(f"  {now.task}", bar, f"{now.done}/{now.total}", left)
    return line


def _left(state: RunState) -> str:
    if state.left_s is None:
        return ""
    seconds, whole = state.left_s
    return f", {'about' if whole else 'at least'} {format_seconds(seconds)} left"
