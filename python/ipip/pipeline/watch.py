"""The current work of a driver, written to a file for watchers."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipip.pipeline.reporter import Advance, Reporter
from ipip.storage.json_file import read_json, write_json

INTERVAL_S = 1.0


class WatchedReporter:
    """Forwards all progress, and updates `path` at most once a second.

    Args:
        inner: the reporter to forward to.
        path: of the file; written atomically.
    """

    def __init__(self, inner: Reporter, path: Path) -> None:
        self._inner = inner
        self._path = path
        self._state: dict[str, Any] = {"pid": os.getpid(), "stage": None, "task": None}
        self._written = 0.0

    def stage_started(self, stage_id: str, title: str, number: int, total: int) -> None:
        """Record the stage."""
        self._note(
            stage=stage_id, title=title, number=number, total=total, task=None, began=time.time()
        )
        self._inner.stage_started(stage_id, title, number, total)

    def stage_finished(self, stage_id: str, wall_s: float, note: str) -> None:
        """Record that no stage is running."""
        self._note(stage=None, task=None)
        self._inner.stage_finished(stage_id, wall_s, note)

    def stage_skipped(self, stage_id: str) -> None:
        """Forward it."""
        self._inner.stage_skipped(stage_id)

    def message(self, text: str) -> None:
        """Forward it."""
        self._inner.message(text)

    @contextlib.contextmanager
    def tasks(self, description: str, total: int) -> Iterator[Advance]:
        """Record how many steps of the task are done."""
        done = 0
        self._note(task={"name": description, "done": 0, "total": total, "began": time.time()})
        with self._inner.tasks(description, total) as advance:

            def count(steps: int) -> None:
                nonlocal done
                done += steps
                advance(steps)
                self._state["task"]["done"] = done
                if time.monotonic() - self._written > INTERVAL_S:
                    self._write()

            yield count
        self._note(task=None)

    def finished(self) -> None:
        """Record that the run has ended."""
        self._path.unlink(missing_ok=True)

    def _note(self, **changes: Any) -> None:
        self._state |= changes
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        write_json(self._path, self._state | {"updated": time.time()})


def read_progress(path: Path) -> dict[str, Any] | None:
    """Return the last record of a driver; None if there is none."""
    try:
        state: dict[str, Any] = read_json(path)
    except (OSError, ValueError, RecursionError):
        return None
    return state if isinstance(state, dict) else None
