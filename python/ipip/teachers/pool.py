"""A teacher's worker processes: they share tasks and are ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from ipip.errors import IpipError
from ipip.teachers.process import WorkerProcess

GRACE_S = 10.0  # for workers to end their present step after an interrupt
Task = TypeVar("Task")
Result = TypeVar("Result")


class StoppedError(IpipError):
    """A worker was ended, because another one failed or on request."""


class WorkerPool:
    """Worker processes, one thread of this process for each while they work.

    Attributes:
        workers: the processes.
        lock: held while results of several threads are combined.
    """

    def __init__(self) -> None:
        self.workers: list[WorkerProcess] = []
        self.lock = threading.Lock()
        self._stopping = False
        self._ending = False

    def spread(
        self, perform: Callable[[WorkerProcess, Task], Result], tasks: Sequence[Task]
    ) -> list[Result]:
        """Perform tasks on the workers as they become free; return results in order."""
        waiting = list(enumerate(tasks))[::-1]
        results: dict[int, Result] = {}

        def serve(worker: WorkerProcess) -> None:
            while True:
                with self.lock:
                    if self._ending or not waiting:
                        return
                    index, task = waiting.pop()
                results[index] = perform(worker, task)

        self.each([serve] * len(self.workers))
        return [results[index] for index in range(len(tasks))]

    def each(
        self, actions: Sequence[Callable[[WorkerProcess], Result]], *, grace: bool = True
    ) -> list[Result]:
        """Perform an action on each worker concurrently; an error ends all of them at once.

        Args:
            actions: one for each worker.
            grace: after an interrupt, give the workers some seconds to store their state.
        """
        with ThreadPoolExecutor(len(self.workers)) as threads:
            futures = [
                threads.submit(self._stop_all_on_error, action, worker)
                for action, worker in zip(actions, self.workers, strict=True)
            ]
            try:
                wait(futures)
            except BaseException:  # an interrupt: the threads end as their workers do
                self._end_all(futures if grace else [])
                raise
        errors = [error for future in futures if (error := future.exception())]
        if errors:
            self.close()
            # The other workers were killed because this one failed; its error is the cause.
            raise next((e for e in errors if not isinstance(e, StoppedError)), errors[0])
        return [future.result() for future in futures]

    def close(self) -> None:
        """End all workers; safe to call twice."""
        for worker in self.workers:
            worker.close()
        self.workers = []

    def _stop_all_on_error(
        self, action: Callable[[WorkerProcess], Result], worker: WorkerProcess
    ) -> Result:
        try:
            return action(worker)
        except BaseException as error:
            if self._ending:  # the others still finish their last steps
                raise
            with self.lock:
                first, self._stopping = not self._stopping, True
            self._kill_all()
            if first:
                raise
            raise StoppedError(str(error)) from error

    def _end_all(self, futures: Sequence[Future[Any]]) -> None:
        """End all workers; those that run a trajectory may send their state first."""
        self._ending = True
        try:
            if futures:
                for worker in self.workers:
                    worker.request_end()
                wait(futures, timeout=GRACE_S)
        finally:
            self._kill_all()

    def _kill_all(self) -> None:
        for worker in self.workers:
            worker.kill()
