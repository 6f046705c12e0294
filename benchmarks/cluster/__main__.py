"""What a cluster costs: the short quick example through a real Slurm against the same run here.

    python -m benchmarks.cluster [--turns 3] [--tasks 60] [--record MACHINE]

As root, on a Debian: it starts a Slurm of its own. Turns alternate, since other work may share the
machine; medians count. CPU time is that of all processes, Slurm's daemons among them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.cluster.turn import Turn, cpu_of_children, take_turn
from benchmarks.cluster.workers import efficiency, least_task_s
from benchmarks.record import add_record_option, record
from benchmarks.results import Row, row
from benchmarks.tasks import measure
from tests.execution.slurm import missing, started

from ipip.bound import adopt_orphans

WORKERS = 1000
TASK_S = (10.0, 30.0, 120.0, 600.0)
TITLES = {
    "cluster-loop": "The short quick example through Slurm and here: medians of alternating turns",
    "cluster-tasks": "Empty tasks through Slurm",
    "cluster-model": "1 000 workers and one driver, predicted from the empty tasks",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--turns", type=int, default=3, help="of each kind; 0: no loop")
    parser.add_argument("--tasks", type=int, default=60, help="empty ones")
    add_record_option(parser)
    options = parser.parse_args()
    reason = missing()
    if reason is not None:
        raise SystemExit(f"no Slurm can be started here: {reason}")
    adopt_orphans()
    results = {"cluster-loop": _loop_rows(options.turns)}
    results |= _task_rows(options.tasks)
    for one in (each for rows in results.values() for each in rows):
        print(*(f"{name} {value}" for name, value in one.sizes.items()), sep=", ")
        for name, value in one.figures.items():
            print(f"    {name:28} {value:10.4g}")
    if options.record is not None:
        record_results(options.record, results)


def record_results(machine: str, results: Mapping[str, Sequence[Row]]) -> None:
    """Record what was measured.

    Args:
        machine: name of it.
        results: rows by benchmark, those of `TITLES`.
    """
    for benchmark, rows in results.items():
        if rows:
            record(
                machine,
                benchmark,
                rows,
                title=TITLES[benchmark],
                command="python -m benchmarks.cluster",
                packages=("ipip", "parsl"),
            )


def _loop_rows(turns: int) -> list[Row]:
    if not turns:
        return []
    local: list[Turn] = []
    slurm: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        for number in range(turns):
            for through_slurm, own in ((False, local), (True, slurm)):
                name = f"{number}-{'slurm' if through_slurm else 'local'}"
                own.append(take_turn(Path(folder) / name, through_slurm))
                print(f"{name}: {own[-1].wall_s:.0f} s, {own[-1].cpu_s:.0f} CPU s", flush=True)
    if any(turn.summary != local[0].summary for turn in (*local, *slurm)):
        raise SystemExit("turns came to different summaries")
    beyond = [there.wall_s - there.pilot_s for there in slurm]
    found = []
    for name, own in (("local", local), ("slurm", slurm)):
        found.append(
            row(
                {"where": name, "turns": turns},
                wall_s=statistics.median(turn.wall_s for turn in own),
                pilot_s=statistics.median(turn.pilot_s for turn in own),
                cpu_s=statistics.median(turn.cpu_s for turn in own),
                tasks=own[0].tasks,
            )
        )
    found.append(
        row(
            {"where": "slurm over local", "turns": turns},
            wall_without_start_of_block=statistics.median(
                there / here.wall_s for there, here in zip(beyond, local, strict=True)
            ),
            cpu=statistics.median(
                there.cpu_s / here.cpu_s for there, here in zip(slurm, local, strict=True)
            ),
        )
    )
    return found


def _task_rows(count: int) -> dict[str, list[Row]]:
    before = cpu_of_children()
    with started() as slurm, slurm.visible():
        found = measure(count, 2, "slurm")
    driver, worker = found["driver_cpu_s_per_task"], (cpu_of_children() - before) / (count + 2)
    return {
        "cluster-tasks": [
            row(
                {"tasks": count, "workers": 2},
                tasks_per_s=found["tasks_per_s"],
                driver_cpu_s_per_task=driver,
                worker_cpu_s_per_task=worker,
            )
        ],
        "cluster-model": model_rows(worker, driver),
    }


def model_rows(worker: float, driver: float) -> list[Row]:
    """Return what a thousand workers would do.

    Args:
        worker: s that a worker spends on a task besides its work.
        driver: s that the driver spends on a task.
    """
    return [
        row(
            {"workers": WORKERS, "seconds of a task": seconds},
            share_of_time_at_work=efficiency(seconds, worker, driver, WORKERS),
            least_s_of_a_task=least_task_s(driver, WORKERS),
        )
        for seconds in TASK_S
    ]


if __name__ == "__main__":
    main()
