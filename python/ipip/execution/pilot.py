"""What a worker of a block runs: tasks, in a process that stays from one to the next.

A task with a launcher gets processes of its own. Imports nothing but the standard library; the
worker's environment has ipip.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shlex
import signal
import subprocess
import sys
import time

UNSEEN = -1000  # status: this machine does not see the task's file
PROCESS = ("-m", "ipip.cli.task_process")
SERVER = ("-m", "ipip.cli.task_server")
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
    if launcher:
        return _run_alone([*shlex.split(launcher), sys.executable, *PROCESS, path], log), host
    return _run_in_server(path, log), host


def _run_alone(command: list[str], log: str) -> int:
    with open(log, "ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            preexec_fn=_ask_to_end_with_worker,
        ).wait()


class _Server:
    """The process that performs this worker's tasks, while there is one."""

    process: subprocess.Popen[bytes] | None = None


def _run_in_server(path: str, log: str) -> int:
    """Have the server perform a task; where it ends instead of answering, return its status."""
    request = json.dumps({"path": path, "log": log}).encode() + b"\n"
    is_new = _Server.process is None
    process = _Server.process or _start_server(log)
    assert process.stdin is not None and process.stdout is not None
    begun = b""
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(request)
        process.stdin.flush()
        begun = process.stdout.readline()
    if begun and process.stdout.readline():
        _Server.process = process
        return 0
    _Server.process = None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    status = process.wait()
    if not begun and not is_new:  # it was ended between two tasks
        return _run_in_server(path, log)
    return status or 1  # 0 is for what it says is done


def _start_server(log: str) -> subprocess.Popen[bytes]:
    """Start a server; a log gets what it prints before its first task."""
    with open(log, "ab") as sink:
        return subprocess.Popen(
            [sys.executable, *SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            preexec_fn=_ask_to_end_with_worker,
        )


def _ask_to_end_with_worker() -> None:
    """Have the kernel send SIGTERM where the worker dies: the task stores its state."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
