"""What performs tasks: this process, or a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from ipip.config.execution import WORKS, ClusterResource, ExecutionSettings, Work
from ipip.execution.task import Task

OnResult = Callable[[Task, dict[str, Any]], None]
Message = Callable[[str], None]


class Executor(Protocol):
    """Performs tasks elsewhere, for the kinds of work that it takes."""

    def resource(self, work: Work) -> ClusterResource | None:
        """Return what does a kind of work; None: whoever asks does it himself."""

    def places(self, work: Work) -> int:
        """Return how many tasks of a kind of work can run at the same time."""

    @property
    def bundle_s(self) -> float:
        """Seconds that a task of small pieces should take."""

    def run(
        self,
        work: Work,
        tasks: Sequence[Task],
        on_result: OnResult,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Perform tasks; return when all have a result.

        Args:
            work: that they are.
            tasks: in any order.
            on_result: called in this thread with each task and what its result holds.
            watch: called about once a second meanwhile.

        Raises:
            InputError: a task says that its input is wrong.
            IpipError: a task failed more often than it may be tried again.
        """


class LocalExecutor:
    """Takes no work: all is done by the process that has it to do."""

    bundle_s = 0.0

    def resource(self, work: Work) -> ClusterResource | None:
        """Return None."""
        return None

    def places(self, work: Work) -> int:
        """Return one."""
        return 1

    def run(
        self,
        work: Work,
        tasks: Sequence[Task],
        on_result: OnResult,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Not called: it takes no work."""
        raise NotImplementedError(f"the local executor takes no {work}")


@contextlib.contextmanager
def open_executor(
    settings: ExecutionSettings,
    folder: Path,
    message: Message = lambda text: None,
    works: Sequence[Work] = WORKS,
) -> Iterator[Executor]:
    """Give the executor of some settings; its blocks end with the block of code.

    Args:
        settings: where work is done.
        folder: of the run; `execution/` in it records blocks, tasks and failures.
        message: is told what people should know.
        works: that there will be; where the settings name a resource for none of them, no block is
            asked for.

    Raises:
        InputError: the settings do not fit this machine; nothing was submitted.
    """
    if settings.kind == "local" or not set(works) & set(settings.work):
        yield LocalExecutor()
        return
    from ipip.execution.check import check_execution

    check_execution(settings, folder)
    from ipip.execution.parsl_executor import ParslExecutor

    with ParslExecutor(settings, folder, message) as executor:
        yield executor


def perform_where(
    executor: Executor, work: Work, task: Task, folder: Path | None = None
) -> dict[str, Any]:
    """Perform one task where the executor has a resource for it, else here; return its figures.

    Args:
        executor: decides where.
        work: that the task is.
        task: to perform.
        folder: for what it writes beside its result, here.

    Raises:
        InputError, IpipError: see `Executor.run`.
    """
    if executor.resource(work) is None:
        return task.perform(folder or Path()).value
    values: list[dict[str, Any]] = []
    executor.run(work, [task], lambda _task, result: values.append(result["value"]))
    return values[0]
