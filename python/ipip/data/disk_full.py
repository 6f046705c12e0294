"""What is said where a disk is full."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipip.errors import IpipError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def disk_full_explained(folder: Path) -> Iterator[None]:
    """Turn "no space left" (or a file-size limit) into one clear message."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        kept = (
            "the last checkpoint is intact"
            if (folder / "last.ckpt").exists()
            else "nothing was lost"
        )
        raise IpipError(
            f"{folder}: cannot write ({error.strerror}); {kept}: free some space and run the "
            "same command again"
        ) from None
