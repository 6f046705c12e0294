"""Who may work on a task: the last attempt, as long as it shows signs of life.

Attempt N holds `lease.N`, a file that it alone could create and whose time it renews. A later one
waits until the file is old, or says that its holder has ended, and then creates `lease.N+1`; the
holder of `lease.N`, should it still live (its node was cut off, say), sees that and ends at once.
Times are compared on the file system's own clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipip.storage.atomic import write_text

SUPERSEDED = 76  # exit status of an attempt that another one has replaced
_POLL_S = 0.5
RENEWALS = 10  # of a lease in the time after which it is old


class Lease:
    """The right to work on a task.

    Args:
        folder: of the task.
        number: of the attempt, from 1.
        lease_s: s without renewal after which it is lost.
    """

    def __init__(self, folder: Path, number: int, lease_s: float) -> None:
        self.number = number
        self._folder = folder
        self._path = lease_path(folder, number)
        self._every = lease_s / RENEWALS
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self._thread.start()

    def is_held(self) -> bool:
        """Say whether no other attempt has begun."""
        return not lease_path(self._folder, self.number + 1).exists()

    def end(self, how: str) -> None:
        """Give it back: `done`, `failed` or `stopped`."""
        self._ended.set()
        self._thread.join()
        if self.is_held():
            write_text(self._path, json.dumps(_holder() | {"ended": how}))

    def _renew(self) -> None:
        while not self._ended.wait(self._every):
            with contextlib.suppress(OSError):  # a file system that is away: tried again
                if not self.is_held():
                    print("another attempt has taken this task over", file=sys.stderr, flush=True)
                    os._exit(SUPERSEDED)  # nothing may be written any more
                os.utime(self._path)


def acquire(folder: Path, lease_s: float, is_done: Callable[[], bool]) -> Lease | None:
    """Wait for the right to work on a task; None where somebody has done it meanwhile.

    Args:
        folder: of the task.
        lease_s: s without renewal after which an attempt is lost.
        is_done: whether there is a result.
    """
    while True:
        if is_done():
            return None
        last = last_attempt(folder)
        if last and _is_alive(folder, last, lease_s):
            time.sleep(_POLL_S)
            continue
        try:
            with lease_path(folder, last + 1).open("x", encoding="utf-8") as file:
                file.write(json.dumps(_holder()))
        except FileExistsError:
            continue  # somebody else was first
        lease = Lease(folder, last + 1, lease_s)
        if is_done():  # by the last attempt, after it was asked above
            lease.end("done")
            return None
        return lease


def lease_path(folder: Path, number: int) -> Path:
    """Return the file of an attempt's lease."""
    return folder / f"lease.{number}"


def last_attempt(folder: Path) -> int:
    """Return the number of the last attempt at a task; 0 before the first."""
    names = (path.name.removeprefix("lease.") for path in folder.glob("lease.*"))
    return max((int(name) for name in names if name.isdigit()), default=0)


def holder_of(folder: Path, number: int) -> dict[str, Any]:
    """Return host, process and end of an attempt, as far as its file says."""
    try:
        holder = json.loads(lease_path(folder, number).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it is being written
        return {}
    return holder if isinstance(holder, dict) else {}


def earlier_hosts(folder: Path, number: int) -> list[str]:
    """Return the machines of the attempts before one that holds the lease: these are all over."""
    hosts = (holder_of(folder, before).get("host") for before in range(1, number))
    return [str(host) for host in hosts if host]


def _is_alive(folder: Path, number: int, lease_s: float) -> bool:
    holder = holder_of(folder, number)
    if "ended" in holder:
        return False
    here = bool(_boot()) and holder.get("boot") == _boot()
    if here and not os.path.exists(f"/proc/{holder.get('pid')}"):
        return False
    with contextlib.suppress(OSError):
        return clock_of(folder) - lease_path(folder, number).stat().st_mtime < lease_s
    return True  # the file system is away: nobody knows


def clock_of(folder: Path) -> float:
    """Return the time of the clock of a folder's file system, in s since 1970."""
    probe = folder / f".{uuid.uuid4().hex}.now"
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _holder() -> dict[str, Any]:
    return {"host": socket.gethostname(), "boot": _boot(), "pid": os.getpid()}


def _boot() -> str:
    """Return what names this run of this machine's kernel and its processes; empty elsewhere."""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{kernel} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""
