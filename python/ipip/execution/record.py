"""What an executor does, in files that people and later drivers read: blocks, tasks, failures."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from ipip.storage.atomic import write_text

FOLDER = "execution"
STATUS_FILE = "status.json"
FAILURES_FILE = "failures.jsonl"


@dataclasses.dataclass(frozen=True)
class Block:
    """A job of the scheduler in which tasks run.

    Attributes:
        resource: whose.
        job: the scheduler's name of it.
        state: as Parsl has it: PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, TIMEOUT, ...
    """

    resource: str
    job: str
    state: str

    @property
    def is_over(self) -> bool:
        """Whether it needs no cancelling any more."""
        return self.state not in ("PENDING", "RUNNING", "HELD", "UNKNOWN")


@dataclasses.dataclass(frozen=True)
class TaskState:
    """A task under way.

    Attributes:
        name: of its folder.
        title: what it does.
        work: which kind of work it is.
        state: waiting, running, done or failed.
        attempts: how often it was begun.
        log: of the last attempt.
    """

    name: str
    title: str
    work: str
    state: str
    attempts: int
    log: str


@dataclasses.dataclass(frozen=True)
class ExecutionState:
    """What an executor noted last.

    Attributes:
        blocks: those that are known, also ended ones.
        tasks: those of the work under way.
        done: tasks that were done since the run began.
        failures: all failures of attempts, oldest first: task, attempt, why, log, when.
        updated: s since 1970.
    """

    blocks: tuple[Block, ...]
    tasks: tuple[TaskState, ...]
    done: int
    failures: tuple[dict[str, Any], ...]
    updated: float


def write_status(
    folder: Path, blocks: list[Block], tasks: list[TaskState], done: int, host: str
) -> None:
    """Note blocks and tasks."""
    record = {
        "blocks": [dataclasses.asdict(block) for block in blocks],
        "tasks": [dataclasses.asdict(task) for task in tasks],
        "done": done,
        "host": host,
        "updated": time.time(),
    }
    write_text(folder / STATUS_FILE, json.dumps(record, indent=1) + "\n")


def note_failure(folder: Path, failure: dict[str, Any]) -> None:
    """Append a failure of an attempt."""
    with (folder / FAILURES_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(failure | {"when": time.time()}) + "\n")


def read_execution(run: Path) -> ExecutionState | None:
    """Return what the executor of a run noted last; None where there is nothing to read."""
    folder = run / FOLDER
    try:
        record = json.loads((folder / STATUS_FILE).read_text(encoding="utf-8"))
        return ExecutionState(
            blocks=tuple(Block(**block) for block in record["blocks"]),
            tasks=tuple(TaskState(**task) for task in record["tasks"]),
            done=int(record["done"]),
            failures=tuple(_failures(folder)),
            updated=float(record["updated"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _failures(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / FAILURES_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # cut off by a kill
    return found
