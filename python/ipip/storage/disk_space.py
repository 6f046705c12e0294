"""Free disk space, looked at before a stage begins."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from ipip.errors import IpipError

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
    """Say whether an error, or the one that caused it, is "no space left" (or a quota)."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if "No space left on device" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextlib.contextmanager
def full_disk_explained(path: Path) -> Iterator[None]:
    """Turn the system's "no space left" into one clear message.

    Raises:
        IpipError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, IpipError) or not is_disk_full(error):
            raise
        raise IpipError(
            f"{path}: the disk is full; free some space and run the same command again, finished "
            "stages are kept"
        ) from error


def megabytes(count: int) -> str:
    """Return a byte count as text, in MB or GB."""
    size = count / 1e6
    if size >= 10_000:
        return f"{size / 1000:.0f} GB"
    return f"{size:.0f} MB" if size >= 10 else f"{size:.2g} MB"
