"""The quick example made short: about a minute of work on two idle cores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from benchmarks.quick_settings import quick_settings

SYSTEMS = 4


def write_short_loop(path: Path, execution: dict[str, Any] | None) -> Path:
    """Write the settings of a short quick example and return their file.

    Args:
        path: file to write.
        execution: settings of the execution; None: local.
    """
    settings = quick_settings()
    settings["rounds"] = 1
    settings["systems"] = [one | {"runs": 1} for one in settings["systems"][:SYSTEMS]]
    settings["student_md"]["steps"] = 500
    settings["harvest"] |= {"candidates": 24, "frames": 12}
    settings["pretrain"]["max_epochs"] = 8
    settings["finetune"]["max_epochs"] = 10
    settings["stability"]["runs"] = 1
    settings["speed"] = {"student_steps": 100, "teacher_calls": 3}
    if execution is not None:
        settings["execution"] = execution
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return path
