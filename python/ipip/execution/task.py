"""A task: work that one JSON file describes, and whose result is another one.

    FOLDER/task.json      what to do; sealed
    FOLDER/lease.N        attempt N's sign of life (see `ipip.execution.lease`)
    FOLDER/attempt_N.log  what attempt N printed
    FOLDER/failure_N.json why attempt N failed
    FOLDER/result.json    what came out, with digests of the files that it wrote; sealed, one only

The name of a task's folder holds the digest of the task: the same task has the same folder, so that
whoever comes later, another driver too, finds what was done.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from ipip import __version__
from ipip.errors import InputError
from ipip.execution.lease import clock_of
from ipip.storage.atomic import write_text
from ipip.storage.digest import file_digest, json_digest
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text

FORMAT = 1
TASK_FILE = "task.json"
RESULT_FILE = "result.json"
_LATE_POLL_S = 0.2

KINDS: Mapping[str, str] = {
    "student_md": "ipip.execution.student_md:StudentMDTask",
    "teacher_md": "ipip.execution.teacher_md:TeacherMDTask",
    "labels": "ipip.execution.labels:LabelTask",
    "training": "ipip.stages.work.stage_task:TrainingTask",
    "evaluation": "ipip.stages.work.evaluation:EvaluationTask",
    "arm": "ipip.study.arm_task:ArmTask",
}
"""Where each kind of task is; imported when one is read."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a task came to.

    Attributes:
        value: JSON-able figures.
        files: that it wrote and that are its result: absolute paths.
    """

    value: dict[str, Any]
    files: tuple[Path, ...] = ()


class Task(ABC):
    """Work that any machine which sees the file system can do.

    A task may be killed at any moment and be performed again: what an earlier attempt left is
    continued from or replaced, and the result is the same.

    Attributes:
        kind: of `KINDS`.
        together: the processes that `torchrun` starts perform it together.
        takes_teacher: it uses a teacher that the task before has left open; others close it.
    """

    kind: ClassVar[str]
    together: ClassVar[bool] = False
    takes_teacher: ClassVar[bool] = False

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, for people."""

    @abstractmethod
    def plain(self) -> dict[str, Any]:
        """Return the task as JSON-able values; paths are absolute."""

    @classmethod
    @abstractmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Task:
        """Return the task that `plain` described.

        Raises:
            InputError: a file that it names is not what it was.
        """

    @abstractmethod
    def perform(self, folder: Path) -> Outcome:
        """Do it.

        Args:
            folder: of the task, for logs and for what it goes on from.
        """


def write_task(task: Task, root: Path, lease_s: float) -> Path:
    """Write a task's file below `root` and return it; one that is there stays.

    Args:
        task: to be performed.
        root: folder of all tasks.
        lease_s: s without a sign of life after which an attempt counts as lost.
    """
    body = json.loads(json.dumps(task.plain()))
    digest = json_digest({"kind": task.kind, "body": body})
    folder = root / f"{task.kind}-{digest.removeprefix('sha256:')[:20]}"
    path = folder / TASK_FILE
    if not _is_whole(path):
        folder.mkdir(parents=True, exist_ok=True)
        record = {
            "format": FORMAT,
            "ipip": __version__,
            "kind": task.kind,
            "title": task.title,
            "digest": digest,
            "lease_s": lease_s,
            "body": body,
        }
        write_text(path, sealed_text(record) + "\n")
    return path


def read_header(path: Path) -> dict[str, Any]:
    """Read a task's file as values.

    Raises:
        InputError: there is no task, or it is of another version or kind.
    """
    try:
        record = read_sealed(path)
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; expected a {TASK_FILE} of a run's execution/tasks folder"
        ) from None
    except (DamagedError, OSError) as error:
        raise InputError(f"{path}: is no task: {error}") from None
    if record.get("format") != FORMAT or record.get("kind") not in KINDS:
        raise InputError(
            f"{path}: has format {record.get('format')} and kind {record.get('kind')!r}; expected "
            f"format {FORMAT} and one of {', '.join(KINDS)}: run it with the ipip that wrote it "
            f"(ipip {record.get('ipip')})"
        )
    return record


def task_of(record: Mapping[str, Any]) -> Task:
    """Return the task that a task's file describes."""
    module, _, name = KINDS[record["kind"]].partition(":")
    task_class = cast(type[Task], getattr(importlib.import_module(module), name))
    return task_class.from_plain(record["body"])


def publish(folder: Path, digest: str, outcome: Outcome, about: Mapping[str, Any]) -> bool:
    """Write a task's result, unless there is one; say whether this one was written.

    Args:
        folder: of the task.
        digest: of the task.
        outcome: of this attempt.
        about: who made it and when.
    """
    files = {
        str(path.absolute()): {"bytes": path.stat().st_size, "digest": file_digest(path)}
        for path in outcome.files
    }
    record = {"task": digest, "value": outcome.value, "files": files, **about}
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(sealed_text(record) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, folder / RESULT_FILE)  # fails where somebody else was first
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def read_result(folder: Path, digest: str, patience_s: float = 0.0) -> dict[str, Any] | None:
    """Return a task's result; None where there is none yet.

    Args:
        folder: of the task.
        digest: of the task.
        patience_s: s that the files of a new result may take to appear here as they were written:
            file systems of clusters are late. Counted from when the result was written.

    Raises:
        DamagedError: it is cut off, of another task, or its files are not those that it wrote.
    """
    deadline: float | None = None
    while True:
        try:
            return _read_result(folder, digest)
        except DamagedError:
            if deadline is None:
                deadline = time.monotonic() + patience_s - _age(folder / RESULT_FILE)
            if time.monotonic() > deadline:
                raise
            time.sleep(_LATE_POLL_S)


def _read_result(folder: Path, digest: str) -> dict[str, Any] | None:
    path = folder / RESULT_FILE
    with contextlib.suppress(OSError):
        os.listdir(folder)  # a network file system looks again: it may remember that there is none
    try:
        record = read_sealed(path)
    except FileNotFoundError:
        return None
    if record.get("task") != digest:
        raise DamagedError(f"{path} is the result of another task")
    for name, known in record["files"].items():
        file = Path(name)
        try:
            same = file.stat().st_size == known["bytes"] and file_digest(file) == known["digest"]
        except OSError:
            same = False
        if not same:
            raise DamagedError(f"{path}: {name} is missing or is not what the task wrote")
    return record


def _age(path: Path) -> float:
    """Return how old a file is, in s of the file system's clock; 0 where nobody knows."""
    with contextlib.suppress(OSError):
        return max(0.0, clock_of(path.parent) - path.stat().st_mtime)
    return 0.0


def set_result_aside(folder: Path) -> None:
    """Rename a result that is of no use, so that the task can be done again.

    For the holder of the lease alone: what another process reads as damaged may be whole by now.
    """
    number = 0
    while (aside := folder / f"result.damaged.{number}.json").exists():
        number += 1
    with contextlib.suppress(FileNotFoundError):  # another process has done so
        (folder / RESULT_FILE).rename(aside)


def _is_whole(path: Path) -> bool:
    try:
        read_sealed(path)
    except (OSError, DamagedError):
        return False
    return True
