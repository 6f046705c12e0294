"""The journal of a run: one JSON object a line, appended for each event."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any


def append_event(path: Path, event: str, **details: Any) -> None:
    """Append one event with the time (UTC, ISO 8601)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    line = json.dumps({"time": now, "event": event, **details})
    with path.open("a+", encoding="utf-8") as file:
        if not _ends_with_newline(path):
            file.write("\n")
        file.write(line + "\n")


def read_events(path: Path) -> list[dict[str, Any]]:
    """Return all events; truncated or damaged lines are skipped.

    No decision depends on them: they are for people.
    """
    events = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            events.append(event)
    return events


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"
