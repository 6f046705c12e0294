"""One turn of the loop, local or through Slurm: its wall time, and all processes' CPU time."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.cluster.short_loop import write_short_loop
from tests.execution.slurm import Slurm, started
from tests.loop.conftest import without_times

WORKS = ("teacher_md", "teacher_labels", "student_md", "stability", "evaluation", "training")
PROGRAM = "from ipip.cli.main import main; raise SystemExit(main())"


@dataclasses.dataclass(frozen=True)
class Turn:
    """What a turn took.

    Attributes:
        wall_s: s from the start of `ipip run` to its end.
        pilot_s: s of them from the first task's file to the first attempt at it: the block's start,
            and that of the attempt's Python.
        cpu_s: CPU time of all processes, those of Slurm's daemons too.
        tasks: that it had.
        summary: what the loop came to, but for times.
    """

    wall_s: float
    pilot_s: float
    cpu_s: float
    tasks: int
    summary: dict[str, Any]


def execution(works: tuple[str, ...] = WORKS, cores: int = 2) -> dict[str, Any]:
    """Return settings of one block of one node of the local Slurm."""
    node = {"scheduler": "slurm", "walltime": "02:00:00", "cores": cores, "least_blocks": 1}
    return {
        "kind": "parsl",
        "resources": {"node": node},
        "work": dict.fromkeys(works, "node"),
        "poll_s": 2,
        "address": "127.0.0.1",
    }


def take_turn(folder: Path, through_slurm: bool) -> Turn:
    """Run the short loop in a folder; return what it took.

    Raises:
        RuntimeError: it failed.
    """
    folder.mkdir(parents=True)
    config = write_short_loop(folder / "config.yaml", execution() if through_slurm else None)
    before = cpu_of_children()
    with started() if through_slurm else contextlib.nullcontext() as slurm:
        wall = _run(config, folder / "run", slurm)
    cpu = cpu_of_children() - before
    tasks = sorted((folder / "run" / "execution" / "tasks").glob("*/task.json"), key=_time)
    pilot = _first_attempt(tasks[0].parent) - _time(tasks[0]) if tasks else 0.0
    summary = json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))
    return Turn(wall, pilot, cpu, len(tasks), without_times(summary))


def _run(config: Path, folder: Path, slurm: Slurm | None) -> float:
    environment = os.environ if slurm is None else slurm.environment
    command = [sys.executable, "-c", PROGRAM, "run", str(config), "--dir", str(folder)]
    clock = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - clock
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")
    return wall


def _first_attempt(task: Path) -> float:
    result = json.loads((task / "result.json").read_text(encoding="utf-8"))
    return datetime.datetime.fromisoformat(result["began"]).timestamp()


def _time(path: Path) -> float:
    return path.stat().st_mtime


def cpu_of_children() -> float:
    """Return the CPU time (s) of all processes that this one has started, and that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
