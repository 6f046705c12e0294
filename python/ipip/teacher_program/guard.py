"""Ends a teacher's process and all its children when the requesting process has ended.

A worker may spend minutes in a library, or wait for a child program (CP2K, an ``mpirun``) that
does not watch the pipe. So a second, small process waits for the end of the pipe of requests, and
then kills the process group of both.
"""

import contextlib
import os
import select
import signal

_POLL_MS = 1000
_MOST_FILES = 4096  # a new process has a handful open


def guard(requests: int) -> None:
    """Fork the guard; returns in the worker only.

    The worker must lead its process group, as `WorkerProcess` starts it, and must not have threads
    yet.

    Args:
        requests: file descriptor of the pipe of requests.
    """
    worker = os.getpid()
    if os.getpgid(0) != worker or os.fork():
        return
    try:
        pipe_end = os.dup2(requests, 3)
        # Readers of the worker's replies must see their end while this process runs.
        os.closerange(0, pipe_end)
        os.closerange(pipe_end + 1, _MOST_FILES)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the worker handles these itself
        pipe = select.poll()
        pipe.register(pipe_end, 0)  # the poll returns at its end, not for data
        while not pipe.poll(_POLL_MS) and os.getppid() == worker:
            pass
        with contextlib.suppress(OSError):
            os.killpg(worker, signal.SIGKILL)
    finally:
        os._exit(1)
