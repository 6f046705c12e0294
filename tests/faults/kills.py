"""Runs that are killed at random moments, and continued by the same command."""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import time
from pathlib import Path

from tests.faults.subject import Subject
from tests.faults.table import Outcome
from tests.faults.trial import Call, call, do, fork

LONGEST_S = 2.5  # of a life: some are not killed at all
MOST_KILLS = 6  # of one run, before it may end
TO_END_S = 120.0  # after a signal


@dataclasses.dataclass(frozen=True)
class KilledRun:
    """A run that is made from nothing, and killed repeatedly.

    Attributes:
        subject: required results of the run.
        index: number of this run: SIGKILL and SIGTERM in turn.
        seed: with `index` gives the moments.
    """

    subject: Subject
    index: int
    seed: int

    @property
    def key(self) -> str:
        """Which run of all this is."""
        return f"kills: run {self.index}"

    @property
    def signal(self) -> signal.Signals:
        """The kind of damage."""
        return (signal.SIGKILL, signal.SIGTERM)[self.index % 2]

    def ended(self, outcome: str, detail: str) -> Outcome:
        """Return how this run ended."""
        kind = f"{self.signal.name} at random moments"
        return Outcome("kills", kind, f"run {self.index}", outcome, detail)

    def attempt(self, scratch: Path) -> Outcome:
        """Make the run.

        Args:
            scratch: folder for its folder; must exist, and is left empty.
        """
        home = scratch / "killed"
        unmade = shutil.ignore_patterns(self.subject.target)
        shutil.copytree(self.subject.home, home, ignore=unmade)
        said = self._kill(home) or self._finish(home)
        shutil.rmtree(home)
        return said

    def _kill(self, home: Path) -> Outcome | None:
        """Kill it until it ends; None: all was well."""
        command, draw = self.subject.command(home), random.Random(f"{self.seed} {self.key}")
        for _ in range(MOST_KILLS):
            child = fork(lambda: call(*command))
            if child.pipe.poll(draw.uniform(0.05, LONGEST_S)):
                child.result()
                break
            os.kill(child.pid, self.signal)
            if not child.pipe.poll(TO_END_S):
                child.stop()
                return self.ended("hung", "it does not end after the signal")
            last = child.result()
            if isinstance(last, Call) and (last.crashed or (last.status and not last.sentence)):
                return self.ended("crashed", last.err[-1000:])
            if isinstance(last, str) and last != f"signal {int(self.signal)}":
                return self.ended("crashed", last)
            time.sleep(0.05)
        return None

    def _finish(self, home: Path) -> Outcome:
        command = self.subject.command(home)
        found = do(lambda: (call(*command), self.subject.results(home, call("info"))))
        if found == "hung" or not isinstance(found, tuple):
            return self.ended("hung" if found == "hung" else "crashed", str(found))
        last, results = found
        if last.crashed:
            return self.ended("crashed", last.err[-1000:])
        if last.status:
            return self.ended("reported", last.sentence)
        healed = results in self.subject.expected
        return self.ended("healed" if healed else "wrong", str(results)[:800])
