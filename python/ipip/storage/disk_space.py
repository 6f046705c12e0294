"""Disk space: checked before a stage starts, and the message when the disk is full."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ipip.errors import IpipError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
RESERVE_BYTES = 64 * 1024 * 1024


def free_bytes(path: Path) -> int:
    """Return the free space (bytes) of the file system of `path`, which need not exist."""
    existing = path
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


def require_space(path: Path, needed: int, what: str) -> None:
    """Raise an error before `what` starts if less than `needed` and a reserve is free at `path`.

    Raises:
        IpipError: there is too little space; finished results are kept.
    """
    available = free_bytes(path)
    if available < needed + RESERVE_BYTES:
        raise IpipError(
            f"{path}: {megabytes(available)} of disk space are free, {what} may need "
            f"{megabytes(needed + RESERVE_BYTES)}; free some and run the same command again, "
            "finished stages are kept"
        )


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error, or its cause, is "no space left" (or a quota or limit)."""
    return any(
        (isinstance(one, OSError) and one.errno in DISK_FULL)
        or "No space left on device" in str(one)
        for one in _chain(error)
    )


def nothing_lost() -> str:
    """Return what a full disk costs a command that can simply be repeated."""
    return "nothing was lost"


def stages_kept() -> str:
    """Return what a full disk costs a run."""
    return "finished stages are kept"


@contextlib.contextmanager
def full_disk_explained(path: Path, kept: Callable[[], str] = nothing_lost) -> Iterator[None]:
    """Turn the system's "no space left" (a quota, a limit on file sizes) into one clear message.

    Args:
        path: of the file or folder.
        kept: returns what is left of the work after a full disk.

    Raises:
        IpipError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, IpipError) or not is_disk_full(error):
            raise
        raise IpipError(
            f"{path}: cannot write ({_reason(error)}); {kept()}: free some space and run the same "
            "command again"
        ) from error


def _reason(error: BaseException) -> str:
    """Describe what stopped a write."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in (errno.EDQUOT, errno.EFBIG):
            return str(one.strerror)
    return "the disk is full"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def megabytes(count: int) -> str:
    """Return a byte count as text, in MB or GB."""
    size = count / 1e6
    if size >= 10_000:
        return f"{size / 1000:.0f} GB"
    return f"{size:.0f} MB" if size >= 10 else f"{size:.2g} MB"
