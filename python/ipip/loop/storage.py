"""JSON files written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically; missing folders are made."""
    from ipip.data.atomic import write_text  # here: reading must not wait for PyTorch

    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: it is not there.
        json.JSONDecodeError: it is not JSON (never so for a file of `write_json`).
    """
    return json.loads(path.read_text(encoding="utf-8"))
