"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipip.errors import InputError


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes `path` when the block ends without an error.

    The temporary file keeps the suffix of `path`, is flushed to the disk before it is renamed, and
    is removed if the block raises: an earlier file at `path` then stays unchanged.
    """
    # Part of the stem: a name of the file system's full length leaves no room for more.
    temporary = path.with_name(f".{path.stem[:40]}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def require_new_file(path: Path) -> None:
    """Check that a file can be written at `path` without overwriting one.

    Raises:
        InputError: it already exists, or its folder does not.
    """
    if path.exists():
        raise InputError(f"{path}: already exists; name another file")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.absolute().parent} does not exist")


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) atomically; file names that are not valid text keep their bytes."""
    with replaced_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
