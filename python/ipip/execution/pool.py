"""A node's workers: Parsl's pool, and what waits for its tasks when a signal has ended the pool.

A scheduler sends SIGTERM to all processes of a block and kills what is left when the first one has
ended. Parsl's pool ends at once; this process, which started it, ends when the tasks have stored
their state. Run as ``python -m ipip.execution.pool ARGUMENTS_OF_PARSL...``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from ipip.bound import adopt_orphans

PARSL_POOL = "parsl.executors.high_throughput.process_worker_pool"


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
    pool = subprocess.Popen([sys.executable, "-m", PARSL_POOL, *sys.argv[1:]])
    if stopped:
        pool.terminate()
    status = pool.wait()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return 0 if stopped else abs(status)


if __name__ == "__main__":
    raise SystemExit(main())
