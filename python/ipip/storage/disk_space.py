"""Disk space: looked at before a stage begins, and what is said where there is none left."""

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
    """Return the free space (bytes) of the file system on which `path` lies or would lie."""
    there = path
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def require_space(path: Path, needed: int, what: str) -> None:
    """Stop before `what` begins if fewer than `needed` bytes plus a reserve are free at `path`.

    Raises:
        IpipError: there is too little space; what was computed before stays.
    """
    available = free_bytes(path)
    if available < needed + RESERVE_BYTES:
        raise IpipError(
            f"{path}: {megabytes(available)} of disk space are free, {what} may need "
            f"{megabytes(needed + RESERVE_BYTES)}; free some and run the same command again, "
            "finished stages are kept"
        )


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error, or the one that caused it, is "no space left" (or a quota or limit)."""
    return any(
        (isinstance(one, OSError) and one.errno in DISK_FULL)
        or "No space left on device" in str(one)
        for one in _chain(error)
    )


def nothing_lost() -> str:
    """Say what a full disk cost a command that can simply be repeated."""
    return "nothing was lost"


def stages_kept() -> str:
    """Say what a full disk cost a run."""
    return "finished stages are kept"


@contextlib.contextmanager
def full_disk_explained(path: Path, kept: Callable[[], str] = nothing_lost) -> Iterator[None]:
    """Turn the system's "no space left" (a quota, a limit on file sizes) into one clear message.

    Args:
        path: what was written.
        kept: says what is left of the work, once the disk is full.

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
    """Say in words what stopped a write."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in (errno.EDQUOT, errno.EFBIG):
            return str(one.strerror)
    return "the disk is full"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that caused it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def megabytes(count: int) -> str:
    """Return a byte count as text, in MB or GB."""
    size = count / 1e6
    if size >= 10_000:
        return f"{size / 1000:.0f} GB"
    return f"{size:.0f} MB" if size >= 10 else f"{size:.2g} MB"
