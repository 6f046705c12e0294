"""What a worker of a block runs: `ipip task FILE`, as a process of its own.

Imports nothing but the standard library; the worker's environment has ipip.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time

UNSEEN = -1000  # status: this machine does not see the task's file
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def run_task(path: str, log: str, launcher: str, see_s: float) -> tuple[int, str]:
    """Run a task; return its exit status (negative: signal; or UNSEEN) and this machine's name.

    Args:
        path: its file.
        log: file that gets what it prints.
        launcher: command before it.
        see_s: s in which the file has to appear: file systems of clusters are late.
    """
    host = os.uname().nodename
    deadline = time.monotonic() + see_s
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            return UNSEEN, host
        time.sleep(0.5)
    command = [*shlex.split(launcher), sys.executable, "-m", "ipip.cli.task_process", path]
    with open(log, "ab") as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            preexec_fn=_ask_to_end_with_worker,
        )
        return process.wait(), host


def _ask_to_end_with_worker() -> None:
    """Have the kernel send SIGTERM where the worker dies: the task stores its state."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
