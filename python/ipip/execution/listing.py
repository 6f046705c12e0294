"""The tasks of a run, as their files say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ipip.errors import InputError
from ipip.execution.lease import holder_of, last_attempt
from ipip.execution.task import RESULT_FILE, TASK_FILE, read_header


@dataclasses.dataclass(frozen=True)
class ListedTask:
    """A task.

    Attributes:
        file: `ipip task` performs it.
        kind: of work.
        title: what it does.
        state: done; failed or stopped, which the last attempt said; begun, by an attempt that may
            live; or waiting.
        attempts: how often it was begun.
    """

    file: Path
    kind: str
    title: str
    state: str
    attempts: int

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return dataclasses.asdict(self) | {"file": str(self.file)}


def list_tasks(folder: Path) -> list[ListedTask]:
    """Return the tasks below a folder, in the order in which they were written.

    Raises:
        InputError: there are none.
    """
    files = sorted(folder.rglob(TASK_FILE), key=lambda path: (path.stat().st_mtime, path))
    if not files:
        raise InputError(
            f"{folder}: holds no task; a run whose settings say `execution.kind: parsl` writes them"
        )
    return [_listed(file) for file in files]


def _listed(file: Path) -> ListedTask:
    header = read_header(file)
    attempts = last_attempt(file.parent)
    if (file.parent / RESULT_FILE).exists():
        state = "done"
    elif attempts == 0:
        state = "waiting"
    else:
        state = str(holder_of(file.parent, attempts).get("ended", "begun"))
    return ListedTask(file, header["kind"], header["title"], state, attempts)
