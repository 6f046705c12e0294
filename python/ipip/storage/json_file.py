"""JSON files written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipip.storage.atomic import write_text
from ipip.storage.sealed import sealed_text


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically; missing folders are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(value, indent=2) + "\n")


def write_sealed(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record with its digest atomically (see `ipip.storage.sealed`)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, sealed_text(record, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: it does not exist.
        json.JSONDecodeError: it is not JSON (never so for a file of `write_json`).
    """
    return json.loads(path.read_text(encoding="utf-8"))
