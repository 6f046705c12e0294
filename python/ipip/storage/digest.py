"""Digests of bytes, files and JSON values: SHA-256, by which damage and other contents are noticed.

Those of frames are in `ipip.data.digest`, those of models in `ipip.export.digest`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

PREFIX = "sha256:"


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
