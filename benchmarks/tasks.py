"""What a task costs: empty tasks through blocks of this machine; 1 000 workers from that.

    python -m benchmarks.tasks [--tasks 100] [--workers 2] [--json FILE]

`benchmarks.cluster` runs the same through a Slurm of this machine.

The driver's own CPU time for a task decides how many workers it can keep busy; the task's process
costs its worker the time that Python takes to start.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.cluster.workers import least_task_s

from ipip.config.execution import ExecutionSettings, Scheduler
from ipip.config.teacher import TeacherSettings
from ipip.execution.executor import open_executor
from ipip.execution.labels import LabelTask

WORKERS = 1000


def measure(count: int, workers: int, scheduler: Scheduler = "local") -> dict[str, float]:
    """Return seconds (wall, CPU) of empty tasks.

    Args:
        count: of tasks.
        workers: at a time, in one block.
        scheduler: that starts the block.
    """
    settings = ExecutionSettings(
        kind="parsl",
        resources={"here": {"scheduler": scheduler, "cores": workers, "least_blocks": 1}},
        work={"teacher_labels": "here"},
        address="127.0.0.1",
        poll_s=1,
    )

    def tasks(first: int, number: int) -> list[LabelTask]:
        levels = [
            TeacherSettings(
                kind="ase", import_path="ase.calculators.emt:EMT", arguments={"number": k}
            )
            for k in range(first, first + number)
        ]
        return [LabelTask(level, ()) for level in levels]

    with tempfile.TemporaryDirectory() as folder:
        clock = time.perf_counter()
        with open_executor(settings, Path(folder)) as executor:
            executor.run("teacher_labels", tasks(0, workers), lambda task, result: None)
            start = time.perf_counter() - clock
            own, clock = _cpu(resource.RUSAGE_SELF), time.perf_counter()
            executor.run("teacher_labels", tasks(workers, count), lambda task, result: None)
            wall = time.perf_counter() - clock
            driver = _cpu(resource.RUSAGE_SELF) - own
        everything = _cpu(resource.RUSAGE_CHILDREN)
    return {
        "tasks": count,
        "workers": workers,
        "start_s": start,
        "tasks_per_s": count / wall,
        "driver_cpu_s_per_task": driver / count,
        "others_cpu_s_per_task": everything / (count + workers),
    }


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.tasks, options.workers)
    found["least_task_s_of_1000_workers"] = least_task_s(found["driver_cpu_s_per_task"], WORKERS)
    for name, value in found.items():
        print(f"{name:32} {value:10.4g}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
