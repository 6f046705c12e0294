"""A run, watched from another terminal."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ipip.cli.progress import format_seconds
from ipip.loop.status import Now, RunState, read_status

MARKS = {"done": "●", "running": "▶", "begun": "◐", "open": "○", "left out": "–"}


def watch_run(root: Path, interval: float) -> None:
    """Draw the state of a run again and again until no driver works on it.

    Args:
        root: run folder.
        interval: s between two looks.
    """
    console = Console(highlight=False, markup=False)
    state = read_status(root)
    with Live(draw_state(state), console=console, auto_refresh=False) as live:
        while True:
            live.update(draw_state(state), refresh=True)
            if state.now is None and _is_idle(root, interval):
                break
            time.sleep(interval)
            state = read_status(root)
        live.update(draw_state(read_status(root)), refresh=True)


def draw_state(state: RunState) -> RenderableType:
    """Return a run's state: one line a stage, the stage under way with a bar, the verdict below."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    for stage in state.stages:
        time_told = format_seconds(stage.wall_s) if stage.wall_s is not None else ""
        if stage.wall_s is None and stage.expected_s is not None:
            time_told = f"about {format_seconds(stage.expected_s)}"
        running = state.now is not None and state.now.stage == stage.identity
        style = "bold" if running else "dim" if stage.state in {"open", "left out"} else ""
        table.add_row(MARKS[stage.state], stage.identity, stage.state, time_told, style=style)
    parts: list[RenderableType] = [table]
    if state.now is not None:
        parts.append(_draw_now(state.now))
    done = sum(stage.state == "done" for stage in state.stages)
    parts.append(Text(f"{done} of {len(state.stages)} stages are done{_left(state)}"))
    parts.append(Text(str(state.summary["verdict"]), style="bold"))
    if state.stopped is not None:
        parts.append(Text(f"the run ends here: {state.stopped}"))
    elif state.now is None:
        parts.append(Text("no driver works on it; the same `ipip run` continues it"))
    return Group(*parts)


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


def _is_idle(root: Path, interval: float) -> bool:
    """Look a second time: between two stages there is a moment without any."""
    time.sleep(min(interval, 1.0))
    return read_status(root).now is None
