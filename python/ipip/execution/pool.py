"""A node's workers: Parsl's pool, and what waits for its tasks when a signal has ended the pool.

A scheduler sends SIGTERM to all processes of a block and kills what is left when the first one has
ended. Parsl's pool ends at once; this process, which started it, ends when the tasks have stored
their state. Run as ``python -m ipip.execution.pool ARGUMENTS_OF_PARSL...``.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from ipip.bound import adopt_orphans
from ipip.cores import usable_cores
from ipip.counts import counted

PARSL_POOL = "parsl.executors.high_throughput.process_worker_pool"
# What srun says of the step that the workers are, and a task's own srun would follow: labels before
# each line that its program prints, and one rank a node.
OF_THE_STEP = ("SLURM_LABELIO", "SLURM_NTASKS_PER_NODE")


def main() -> int:
    """Run Parsl's pool; return its exit status, 0 where SIGTERM has ended it."""
    adopt_orphans()  # tasks whose worker has ended
    pool: subprocess.Popen[bytes] | None = None
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True
        if pool is not None:
            pool.terminate()  # the signal may have been for this process alone

    signal.signal(signal.SIGTERM, stop)
    # One core a worker for Parsl: how many workers there are is decided here.
    environment = {name: text for name, text in os.environ.items() if name not in OF_THE_STEP}
    environment["PARSL_CORES"] = str(count_workers(sys.argv[1:], usable_cores()))
    command = [sys.executable, "-m", PARSL_POOL, *sys.argv[1:], "-c", "1"]
    pool = subprocess.Popen(command, env=environment)
    if stopped:
        pool.terminate()
    status = pool.wait()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return 0 if stopped else abs(status)


def count_workers(arguments: Sequence[str], cores: int) -> int:
    """Return how many workers this node gets: no more pinned ones than it has cores.

    Parsl counts the machine's cores, also those that the scheduler gives to others; its workers
    then end where they are to be pinned, and are started again, for ever.

    Args:
        arguments: of Parsl's pool.
        cores: that this process may use.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--max_workers_per_node", type=int, default=1)
    parser.add_argument("--cpu-affinity", default="none")
    own, _ = parser.parse_known_args(arguments)
    places: int = own.max_workers_per_node
    if own.cpu_affinity == "none" or places <= cores:
        return places
    print(
        f"node {os.uname().nodename} gives {counted(cores, 'core')} to {places} tasks that "
        f"are pinned to a core each: it takes {cores} at a time; expected `cores` of the resource "
        "to be what the scheduler gives",
        file=sys.stderr,
        flush=True,
    )
    return cores


if __name__ == "__main__":
    raise SystemExit(main())
