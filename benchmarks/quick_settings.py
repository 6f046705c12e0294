"""The settings of the quick example, for a file in any folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "mo-s-o" / "quick.yaml"


def quick_settings() -> dict[str, Any]:
    """Return them, with absolute paths of the labels."""
    settings: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    for source in settings["reference"]["data"]:
        source["path"] = str(EXAMPLE.parent / source["path"])
    return settings
