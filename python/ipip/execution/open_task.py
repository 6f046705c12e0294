"""A task that has no result yet, and how an attempt at it ended."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from pathlib import Path

from ipip.config.execution import Work
from ipip.execution.lease import holder_of, last_attempt
from ipip.execution.perform import STOPPED
from ipip.execution.record import TaskState
from ipip.execution.task import Task
from ipip.storage.sealed import DamagedError, read_sealed


@dataclasses.dataclass
class OpenTask:
    """A task that has no result yet.

    Attributes:
        tasks: what to do; several where they are the same.
        file: of it.
        digest: of it.
        work: which kind of work it is.
        launcher: command before it.
        attempt: number of the attempt that was submitted last, if no other one is under way.
        failures: attempts that failed or were lost.
        stops: attempts that a signal stopped.
        log: of the last attempt.
    """

    tasks: list[Task]
    file: Path
    digest: str
    work: Work
    launcher: str
    attempt: int = 0
    failures: int = 0
    stops: int = 0
    log: Path | None = None

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.file.parent

    @property
    def title(self) -> str:
        """What it does, for people."""
        return self.tasks[0].title

    def begin_attempt(self) -> Path:
        """Count one attempt more; return the file that gets what it prints."""
        self.attempt = last_attempt(self.folder) + 1
        self.log = self.folder / f"attempt_{self.attempt}.log"
        return self.log

    def state(self) -> TaskState:
        """Return what people read of it."""
        attempt = last_attempt(self.folder)
        running = attempt and "ended" not in holder_of(self.folder, attempt)
        state = "running" if running else "waiting"
        return TaskState(
            self.folder.name, self.title, self.work, state, attempt, str(self.log or "")
        )

    def failure(self) -> tuple[str, bool]:
        """Return why the last attempt failed, as it wrote, and whether its input is wrong."""
        try:
            failure = read_sealed(self.folder / f"failure_{last_attempt(self.folder)}.json")
            return str(failure["error"]), bool(failure["wrong_input"])
        except (OSError, DamagedError, KeyError):
            return "", False


@dataclasses.dataclass(frozen=True)
class End:
    """How a task's process ended.

    Attributes:
        status: its exit status; None: nobody knows.
        host: where it ran.
        lost: why nobody knows.
    """

    status: int | None
    host: str = "an unknown node"
    lost: str = ""

    @classmethod
    def of(cls, future: Future[tuple[int, str]]) -> End:
        """Return how the process ended that a future of Parsl stands for."""
        try:
            status, host = future.result()
        except Exception as error:  # what Parsl raises where a worker or a block is lost
            return cls(None, lost=type(error).__name__)
        return cls(status, host)

    def status_of(self, task: OpenTask) -> int | None:
        """Return the status that the task itself ended with.

        What started the process, such as `torchrun`, may give another one.
        """
        ended = holder_of(task.folder, task.attempt).get("ended")
        return STOPPED if self.status != 0 and ended == "stopped" else self.status
