"""SHA-256 digests of bytes, files and JSON values, which reveal damage and changed contents.

`ipip.data.digest` (frames) and `ipip.export.digest` (models) define what is digested. Files that
run without ipip, `lammps/supervision.py` and `teacher_program/`, compute their digests themselves.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

PREFIX = "sha256:"


class Digest:
    """The SHA-256 of data that arrives in pieces."""

    def __init__(self, data: bytes = b"") -> None:
        self._hash = hashlib.sha256(data)

    def update(self, data: bytes) -> None:
        """Add the next piece."""
        self._hash.update(data)

    @property
    def hex(self) -> str:
        """The digest so far as 64 hexadecimal digits."""
        return self._hash.hexdigest()

    def __str__(self) -> str:
        """Return `sha256:...` of the data so far."""
        return PREFIX + self.hex


def hex_digest(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def bytes_digest(data: bytes) -> str:
    """Return `sha256:...` of `data`."""
    return PREFIX + hex_digest(data)


def file_digest(path: Path) -> str:
    """Return `sha256:...` of the bytes of the file at `path`."""
    with open(path, "rb") as file:
        return PREFIX + hashlib.file_digest(file, "sha256").hexdigest()


def json_digest(value: Any) -> str:
    """Return `sha256:...` of a JSON-able value; equal values give equal digests."""
    return bytes_digest(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
