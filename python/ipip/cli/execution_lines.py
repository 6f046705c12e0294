"""What a run's executor does, in a few lines of the terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import RenderableType
from rich.text import Text

from ipip.execution.record import ExecutionState

SHOWN = 5  # tasks under way, failures


def draw_execution(state: ExecutionState) -> list[RenderableType]:
    """Return lines about blocks, tasks and failures."""
    counted = Counter((block.resource, block.state) for block in state.blocks)
    blocks = ", ".join(
        f"{number} of {resource} {name.lower()}"
        for (resource, name), number in sorted(counted.items())
    )
    alive = [block.job for block in state.blocks if block.state in ("RUNNING", "PENDING")]
    word = "job" if len(alive) == 1 else "jobs"
    jobs = f" ({word} {', '.join(alive[-SHOWN:])})" if alive else ""
    lines = [f"blocks: {blocks or 'none'}{jobs}"]
    running = [task for task in state.tasks if task.state == "running"]
    waiting = len(state.tasks) - len(running)
    lines.append(f"tasks: {state.done} done, {len(running)} running, {waiting} waiting")
    lines += [f"  {own.title}, attempt {own.attempts}: {own.log}" for own in running[:SHOWN]]
    if state.failures:
        lines.append(f"attempts that failed: {len(state.failures)}, the last ones:")
    lines += [
        f"  {failure.get('title')}, attempt {failure.get('attempt')} on {failure.get('host')}: "
        f"{failure.get('why')} (log: {failure.get('log')})"
        for failure in state.failures[-SHOWN:]
    ]
    return [Text(line) for line in lines]
