"""One driver at a time on a run folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ipip.errors import IpipError


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` while the block runs.

    The kernel releases the lock when its process ends in whatever way, so a killed driver leaves
    none behind on its own machine. A file that names another machine is believed only until its
    owner removed it: whether a process lives there cannot be seen from here.

    Raises:
        IpipError: another driver holds it; the message names its process and machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    file = path.open("a+", encoding="utf-8")
    try:
        owner = _owner(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IpipError(
                f"{path.parent}: another `ipip run` works on this folder (process "
                f"{owner.get('pid', 'unknown')} on {owner.get('host', 'this machine')}); wait "
                "for its end, stop it, or use another folder"
            ) from None
        owner = _owner(file)
        if owner and owner.get("host") != host:
            raise IpipError(
                f"{path.parent}: process {owner.get('pid')} on machine {owner.get('host')} may "
                f"still work on this folder; if it does not, remove {path} and run again"
            )
        _write_owner(file, {"pid": os.getpid(), "host": host})
        try:
            yield
        finally:
            _write_owner(file, None)
    finally:
        file.close()


def _owner(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        owner = json.loads(file.read())
    except json.JSONDecodeError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _write_owner(file: IO[str], owner: dict[str, Any] | None) -> None:
    file.seek(0)
    file.truncate()
    if owner is not None:
        file.write(json.dumps(owner))
    file.flush()
