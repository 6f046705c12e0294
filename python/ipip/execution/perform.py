"""Performing a task's file: what `ipip task FILE` does, by hand or in a block of a cluster."""

from __future__ import annotations

import datetime
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipip import __version__
from ipip.errors import InputError, IpipError
from ipip.execution.kept_teacher import close_kept
from ipip.execution.lease import Lease, acquire, earlier_hosts
from ipip.execution.task import publish, read_header, read_result, set_result_aside, task_of
from ipip.storage.atomic import write_text
from ipip.storage.lock import without_owners_on
from ipip.storage.sealed import DamagedError, sealed_text

STOPPED = 75  # exit status of a task that SIGTERM stopped and that another attempt continues


def perform_file(
    path: Path, announce: Callable[[bool], object] = lambda attempt: None
) -> dict[str, Any]:
    """Perform a task, or wait for whoever does; return its result.

    Args:
        path: its file.
        announce: called once with whether this process makes an attempt.

    Raises:
        InputError: it is no task, or its input is wrong.
        IpipError: it failed; the folder's `failure_N.json` says why.
    """
    path = path.absolute()
    record = read_header(path)
    folder, digest, lease_s = path.parent, str(record["digest"]), float(record["lease_s"])
    lease = acquire(folder, lease_s, lambda: _is_done(folder, digest, lease_s))
    announce(lease is not None)
    if lease is not None:
        _attempt(record, folder, lease)
    result = read_result(folder, digest, lease_s)
    if result is None and lease is not None and not lease.is_held():
        return perform_file(path)  # another attempt took over: its result counts
    if result is None:
        raise IpipError(f"{folder}: the result is not there any more; run the task again")
    return result


def _is_done(folder: Path, digest: str, patience_s: float) -> bool:
    try:
        return read_result(folder, digest, patience_s) is not None
    except DamagedError:
        return False


def _attempt(record: dict[str, Any], folder: Path, lease: Lease) -> None:
    began, clock = _now(), time.perf_counter()
    try:
        set_result_aside(folder)  # one that is damaged
        # A node that died leaves its locks: of a training's folder, of an arm's run folder.
        with without_owners_on(earlier_hosts(folder, lease.number)):
            task = task_of(record)
            if not task.takes_teacher:
                close_kept()
            outcome = task.perform(folder)
        about = {
            "attempt": lease.number,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "ipip": __version__,
            "began": began,
            "ended": _now(),
            "wall_s": round(time.perf_counter() - clock, 3),
        }
        if lease.is_held():
            publish(folder, str(record["digest"]), outcome, about)
    except Exception as error:
        failure = {
            "error": str(error) or type(error).__name__,
            "type": type(error).__name__,
            "wrong_input": isinstance(error, InputError),
            "host": socket.gethostname(),
        }
        if lease.is_held():
            write_text(folder / f"failure_{lease.number}.json", sealed_text(failure) + "\n")
        lease.end("failed")
        raise
    except BaseException:
        lease.end("stopped")
        raise
    lease.end("done")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
