"""Tasks in blocks of a cluster, by Parsl: each has one result, however often it has to be begun.

Parsl finds blocks and workers; what was done is decided by the tasks' files alone. A task that a
worker, a block or Parsl itself has lost is submitted again; it waits for the one that was lost,
should that still live (`ipip.execution.lease`).
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from types import TracebackType
from typing import Any

import parsl

from ipip.config.execution import ClusterResource, ExecutionSettings, Work
from ipip.errors import InputError, IpipError
from ipip.execution.blocks import Blocks
from ipip.execution.executor import Message, OnResult
from ipip.execution.lease import RENEWALS, SUPERSEDED, holder_of, last_attempt
from ipip.execution.leftover import cancel_leftover_blocks
from ipip.execution.open_task import End, OpenTask
from ipip.execution.parsl_config import make_config
from ipip.execution.perform import STOPPED
from ipip.execution.pilot import UNSEEN, run_task
from ipip.execution.record import FOLDER, note_failure, write_status
from ipip.execution.task import Task, read_header, read_result, write_task
from ipip.storage.digest import hex_digest
from ipip.storage.sealed import DamagedError

SEE_S = 60.0  # in which a file that another machine wrote has to appear
POLL_S = 1.0
CLEAN_UP_S = 60.0  # that Parsl may take to cancel its blocks


class ParslExecutor:
    """Runs tasks on the resources of some settings; a context manager.

    Args:
        settings: with kind parsl.
        folder: of the run.
        message: is told of failures, with the path of the log.
    """

    def __init__(self, settings: ExecutionSettings, folder: Path, message: Message) -> None:
        self._settings = settings
        self._folder = folder.absolute() / FOLDER
        scratch = settings.scratch or self._folder
        self._tasks = scratch.absolute() / "tasks"
        # Parsl numbers the folders of its runs; two at a time in a scratch would take one number.
        run = hex_digest(os.fsencode(self._folder))[:8]
        self._logs = scratch.absolute() / "parsl" / run
        self._message = message
        self._kernel: Any = None
        self._done = 0
        self._open: dict[Path, OpenTask] = {}
        self._blocks = Blocks(settings.scheduler_patience_s, message)
        self._futures: dict[Future[tuple[int, str]], OpenTask] = {}
        self._noted: Any = None

    @property
    def bundle_s(self) -> float:
        """Seconds that a task of small pieces should take."""
        return self._settings.bundle_s

    def resource(self, work: Work) -> ClusterResource | None:
        """Return what does a kind of work; None: the driver."""
        return self._settings.resource_of(work)

    def places(self, work: Work) -> int:
        """Return how many tasks of a kind of work can run at the same time."""
        own = self.resource(work)
        if own is None:
            return 1
        return own.most_blocks * own.slots * (1 if own.launcher else own.nodes)

    def __enter__(self) -> ParslExecutor:
        for folder in (self._folder, self._tasks, self._logs):
            folder.mkdir(parents=True, exist_ok=True)
        for job in cancel_leftover_blocks(self._settings, self._folder):
            self._message(f"block {job} of an earlier driver was cancelled")
        config = make_config(self._settings, self._logs, self._blocks.note)
        self._kernel = parsl.DataFlowKernel(config)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Parsl waits for ever for a program of its own that was killed.
        cleaner = threading.Thread(target=self._kernel.cleanup, daemon=True)
        try:
            cleaner.start()
            cleaner.join(CLEAN_UP_S)
            if cleaner.is_alive():
                self._message("Parsl does not end by itself; its blocks are cancelled")
                self._note()
                cancel_leftover_blocks(self._settings, self._folder)
        finally:
            self._blocks.mark_cancelled()
            self._note()

    def run(
        self,
        work: Work,
        tasks: Sequence[Task],
        on_result: OnResult,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Perform tasks; see `ipip.execution.executor.Executor`."""
        self._open = {}
        launcher = self._launcher(work)
        asked: dict[Path, list[Task]] = {}
        for task in tasks:
            file = write_task(task, self._tasks, self._settings.lease_s)
            asked.setdefault(file, []).append(task)
        for file, same in asked.items():
            own = OpenTask(same, file, str(read_header(file)["digest"]), work, launcher)
            if not self._had_result(own, on_result):
                self._open[file] = own
        self._futures = {}
        looked, noted = time.monotonic(), -POLL_S
        try:
            for own in self._open.values():
                self._submit(own)
            while self._open:
                done, _ = wait(self._futures, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    self._after(self._futures.pop(future), End.of(future), on_result)
                if time.monotonic() - looked > max(POLL_S, self._settings.lease_s / RENEWALS):
                    looked = time.monotonic()
                    self._look_at_leases(on_result)
                watch()
                if time.monotonic() - noted > POLL_S:  # it reads a lease of each open task
                    self._note()
                    noted = time.monotonic()
                self._blocks.require()
        finally:
            for future in self._futures:
                future.cancel()
            self._futures = {}
            self._note()

    def _after(self, own: OpenTask, end: End, on_result: OnResult) -> None:
        """Go on with a task whose process has ended or was lost."""
        if self._has_result(own, end, on_result):
            del self._open[own.file]
        else:
            self._submit(own)

    def _look_at_leases(self, on_result: OnResult) -> None:
        """Go on with tasks that have ended though Parsl has not noticed: their block is over."""
        for future, own in list(self._futures.items()):
            attempt = last_attempt(own.folder)
            ended = holder_of(own.folder, attempt).get("ended")
            if attempt >= own.attempt and ended in ("done", "stopped"):
                del self._futures[future]
                self._after(own, End(0 if ended == "done" else STOPPED), on_result)

    def _launcher(self, work: Work) -> str:
        """Return the command before a task's process: only trainings are several processes."""
        own = self.resource(work)
        return own.launcher if own is not None and work == "training" else ""

    def _submit(self, own: OpenTask) -> None:
        executor = self._kernel.executors[self._settings.work[own.work]]
        arguments = (str(own.file), str(own.begin_attempt()), own.launcher, SEE_S)
        self._futures[executor.submit(run_task, {}, *arguments)] = own

    def _had_result(self, own: OpenTask, on_result: OnResult) -> bool:
        """Hand out the result of an earlier driver's task; one that is damaged is made again."""
        try:
            return self._take(own, on_result)
        except DamagedError as error:
            self._fail(own, str(error), "this machine")
            return False

    def _take(self, own: OpenTask, on_result: OnResult) -> bool:
        """Hand a task's result out, if there is one.

        Raises:
            DamagedError: there is one that is of no use, though the file system had its time.
        """
        result = read_result(own.folder, own.digest, self._settings.lease_s)
        if result is None:
            return False
        self._done += 1
        for task in own.tasks:
            on_result(task, result)
        return True

    def _has_result(self, own: OpenTask, end: End, on_result: OnResult) -> bool:
        """Look at a task whose process has ended or was lost; say whether it has its result."""
        deadline = time.monotonic() + (SEE_S if end.status == 0 else 0.0)
        try:
            while not self._take(own, on_result):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.2)  # the file system is late
            else:
                return True
        except DamagedError as error:
            self._fail(own, str(error), end.host)
            return False
        status, host = end.status_of(own), end.host
        if status == STOPPED:
            own.stops += 1
            if own.stops > self._settings.continuations:
                raise IpipError(
                    f"{own.title} was stopped {own.stops} times, more often than "
                    f"execution.continuations ({self._settings.continuations}); give its resource "
                    f"a longer walltime. Its log: {own.log}"
                )
            return False
        if status == SUPERSEDED:
            return False
        if status == UNSEEN:
            raise InputError(
                f"{own.file}: node {host} does not see it; execution.scratch has to be a folder "
                "that the driver and all nodes share"
            )
        why, wrong_input = own.failure()
        if status is None:
            why, wrong_input = f"its worker or block was lost ({end.lost})", False
        elif not why:
            why = f"its process ended with status {status}"
        if wrong_input:
            raise InputError(f"{own.title}: {why} (log: {own.log})")
        self._fail(own, why, host)
        return False

    def _fail(self, own: OpenTask, why: str, host: str) -> None:
        own.failures += 1
        where = own.log or own.folder
        attempt = last_attempt(own.folder)
        host = str(holder_of(own.folder, attempt).get("host", host))
        note_failure(
            self._folder,
            {
                "task": own.folder.name,
                "title": own.title,
                "attempt": attempt,
                "why": why,
                "host": host,
                "log": str(where),
            },
        )
        if own.failures > self._settings.retries:
            raise IpipError(
                f"{own.title} failed {own.failures} times, the last time on {host}: {why}. "
                f"Its log: {where}; by hand: ipip task {own.file}"
            )
        self._message(f"{own.title}: {why}; tried again. Its log: {where}")

    def _note(self) -> None:
        blocks = self._blocks.known()
        tasks = [own.state() for own in self._open.values()]
        if (blocks, tasks, self._done) == self._noted:
            return
        self._noted = (blocks, tasks, self._done)
        write_status(self._folder, blocks, tasks, self._done, socket.gethostname())
