"""Ends a teacher's process and all that it started when the process that asks is gone.

A worker may sit in a library for minutes, or wait for a program of its own (CP2K, an ``mpirun``)
that knows nothing of us. So a second, small process waits for the end of the pipe of requests, and
then kills the group that both are in.
"""

import contextlib
import os
import select
import signal

_POLL_MS = 1000
_MOST_FILES = 4096  # a process that has just begun has a handful open


def guard(requests: int) -> None:
    """Fork the guard; returns in the worker alone.

    The worker has to be the first process of its group, as `WorkerProcess` starts it, and must not
    have threads yet.

    Args:
        requests: file descriptor of the pipe of requests.
    """
    worker = os.getpid()
    if os.getpgid(0) != worker or os.fork():
        return
    try:
        kept = os.dup2(requests, 3)
        # Whoever reads the worker's answers must see their end while this process lives.
        os.closerange(0, kept)
        os.closerange(kept + 1, _MOST_FILES)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # these ask the worker to end in its own way
        pipe = select.poll()
        pipe.register(kept, 0)  # its end wakes the poll, something to read does not
        while not pipe.poll(_POLL_MS) and os.getppid() == worker:
            pass
        with contextlib.suppress(OSError):
            os.killpg(worker, signal.SIGKILL)
    finally:
        os._exit(1)
