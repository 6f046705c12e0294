"""What a driver is doing now, written to a file that others can watch."""

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
    """Passes on what it is told, and keeps `path` up to date, once a second at most.

    Args:
        inner: the reporter to pass on to.
        path: of the file; written atomically.
    """

    def __init__(self, inner: Reporter, path: Path) -> None:
        self._inner = inner
        self._path = path
        self._state: dict[str, Any] = {"pid": os.getpid(), "stage": None, "task": None}
        self._written = 0.0

    def stage_started(self, identity: str, title: str, number: int, total: int) -> None:
        """Note the stage."""
        self._note(
            stage=identity, title=title, number=number, total=total, task=None, began=time.time()
        )
        self._inner.stage_started(identity, title, number, total)

    def stage_finished(self, identity: str, wall_s: float, note: str) -> None:
        """Note that no stage is under way."""
        self._note(stage=None, task=None)
        self._inner.stage_finished(identity, wall_s, note)

    def stage_skipped(self, identity: str) -> None:
        """Pass it on."""
        self._inner.stage_skipped(identity)

    def message(self, text: str) -> None:
        """Pass it on."""
        self._inner.message(text)

    @contextlib.contextmanager
    def tasks(self, description: str, total: int) -> Iterator[Advance]:
        """Note how many steps of the task are done."""
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
        """Note that the run is over."""
        self._path.unlink(missing_ok=True)

    def _note(self, **changes: Any) -> None:
        self._state |= changes
        self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        write_json(self._path, self._state | {"updated": time.time()})


def read_progress(path: Path) -> dict[str, Any] | None:
    """Return what a driver noted last; None where there is nothing."""
    try:
        state: dict[str, Any] = read_json(path)
    except (OSError, ValueError, RecursionError):
        return None
    return state if isinstance(state, dict) else None
