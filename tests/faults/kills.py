"""Runs that are killed at random moments, and continued by the same command."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.subjects import Subject
from tests.faults.table import Outcome
from tests.faults.trial import Call, call, do, fork

LONGEST = 1.5  # lives, in times of an unbroken one: some are not killed at all
MOST_KILLS = 6  # of one run, before it may come to its end


def kill_at_random(
    subject: Subject, scratch: Path, rounds: int, draw: random.Random
) -> Iterator[Outcome]:
    """Make a run from nothing, killed again and again; one outcome for each run.

    Args:
        subject: what the run has to give.
        scratch: folder for the runs.
        rounds: number of runs, with SIGKILL and SIGTERM in turn.
        draw: gives the moments.
    """
    for index in range(rounds):
        number = (signal.SIGKILL, signal.SIGTERM)[index % 2]
        home = scratch / f"killed-{index}"
        shutil.copytree(subject.home, home, ignore=shutil.ignore_patterns(subject.target))
        yield _one(subject, home, number, draw)
        shutil.rmtree(home)


def _one(subject: Subject, home: Path, number: signal.Signals, draw: random.Random) -> Outcome:
    command = subject.command(home)
    kind, kills = f"{number.name} at random moments", 0

    def ended(outcome: str, detail: str) -> Outcome:
        return Outcome("kills", kind, f"{kills} kills", outcome, detail)

    while kills < MOST_KILLS:
        child = fork(lambda: call(*command))
        if child.pipe.poll(draw.uniform(0.05, 2.5)):
            child.result()
            break
        os.kill(child.pid, number)
        kills += 1
        if not child.pipe.poll(60):
            child.stop()
            return ended("hung", "it does not end after the signal")
        last = child.result()
        if isinstance(last, Call) and (last.crashed or (last.status and not last.sentence)):
            return ended("crashed", last.err[-1000:])
        if isinstance(last, str) and last != f"signal {int(number)}":
            return ended("crashed", last)
        time.sleep(0.05)
    found = do(lambda: (call(*command), subject.results(home, call("info"))))
    if found == "hung" or not isinstance(found, tuple):
        return ended("hung" if found == "hung" else "crashed", str(found))
    last, results = found
    if last.crashed:
        return ended("crashed", last.err[-1000:])
    if last.status:
        return ended("told", last.sentence)
    return ended("healed" if results in subject.expected else "wrong", str(results)[:800])
