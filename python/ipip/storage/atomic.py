"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ipip.errors import InputError


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Give a temporary path that becomes `path` when the block ends well.

    The temporary file keeps the suffix of `path`, is flushed to the disk before it is renamed, and
    is removed if the block raises: the file that was there before then stays as it was.
    """
    # Part of the stem: a name as long as the file system takes leaves no room for more.
    temporary = path.with_name(f".{path.stem[:40]}.{uuid.uuid4().hex[:8]}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def require_new_file(path: Path) -> None:
    """Check that a file can be made at `path` without overwriting one.

    Raises:
        InputError: it exists already, or its folder does not.
    """
    if path.exists():
        raise InputError(f"{path}: exists already; name another file")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.absolute().parent} does not exist")


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) atomically; bytes of files' names that are no text stay bytes."""
    with replaced_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape")
