"""The interface for a run's progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

Advance = Callable[[int], None]


class Reporter(Protocol):
    """Receives progress from the loop; the command line draws it, a program may ignore it."""

    def stage_started(self, stage_id: str, title: str, number: int, total: int) -> None:
        """Stage `stage_id` starts; it is the `number`-th of `total`."""

    def stage_finished(self, stage_id: str, wall_s: float, note: str) -> None:
        """Stage `stage_id` is done after `wall_s` seconds; `note` is the outcome."""

    def stage_skipped(self, stage_id: str) -> None:
        """Stage `stage_id` was done before."""

    def message(self, text: str) -> None:
        """A message of one line."""

    def tasks(self, description: str, total: int) -> contextlib.AbstractContextManager[Advance]:
        """Show progress of `total` steps; the block calls the yielded function with new steps."""


class SilentReporter:
    """Ignores everything."""

    def stage_started(self, stage_id: str, title: str, number: int, total: int) -> None:
        """Do nothing."""

    def stage_finished(self, stage_id: str, wall_s: float, note: str) -> None:
        """Do nothing."""

    def stage_skipped(self, stage_id: str) -> None:
        """Do nothing."""

    def message(self, text: str) -> None:
        """Do nothing."""

    @contextlib.contextmanager
    def tasks(self, description: str, total: int) -> Iterator[Advance]:
        """Do nothing."""
        yield lambda steps: None
