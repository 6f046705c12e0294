"""Rewrites records of an archive, with right checksums and everything stored."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def rewritten(
    path: Path, target: Path, changes: Mapping[str, Callable[[bytes], bytes]], compress: str = ""
) -> Path:
    """Write a copy of an archive.

    Args:
        path: the archive.
        target: where the copy goes.
        changes: what becomes of a record, by its name without the archive's folder.
        compress: a record to compress.
    """
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            name = item.filename.partition("/")[2]
            data = changes.get(name, lambda data: data)(old.read(item))
            kind = zipfile.ZIP_DEFLATED if name == compress else zipfile.ZIP_STORED
            new.writestr(zipfile.ZipInfo(item.filename), data, kind)
    return target


def with_metadata(path: Path, target: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write a copy of a model file with other metadata."""

    def changed(data: bytes) -> bytes:
        block = json.loads(data)
        change(block)
        return json.dumps(block).encode()

    return rewritten(path, target, {"extra/ipip.json": changed})
