"""Many trials, several at a time, each in a forked copy of this process."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Protocol

from tests.faults.cases import Case
from tests.faults.damages import ANOTHER, DAMAGES
from tests.faults.kinds import kind_of
from tests.faults.subject import Subject
from tests.faults.table import Outcome
from tests.faults.trial import LIMIT_S, Child, fork

THOROUGH = 10  # one case in so many tries all verbs
TWICE = 100  # one case in so many is tried with programs too


class Trial(Protocol):
    """A case to try: a damage, or kills."""

    @property
    def key(self) -> str:
        """Which trial of all this is."""
        ...

    def attempt(self, scratch: Path) -> Outcome | None:
        """Try it; None where it changes nothing."""
        ...

    def ended(self, outcome: str, detail: str) -> Outcome:
        """Return how it ended."""
        ...


def all_cases(subject: Subject, seed: int) -> list[Case]:
    """Return each damage to each file of a folder.

    Each draws separately, so that it is the same case whatever else is tried.
    """
    outputs = subject.outputs()
    cases = []
    for name in subject.files():
        for way in DAMAGES:
            if subject.own and way == ANOTHER:
                continue
            draw = random.Random(f"{seed} {subject.name} {name} {way}")
            thorough, twice = draw.randrange(THOROUGH) == 0, draw.randrange(TWICE) == 0
            cases.append(Case(subject, name, way, kind_of(name, outputs), thorough, twice))
    return cases


def try_all(
    trials: Sequence[Trial],
    scratch: Path,
    at_once: int,
    limit_s: float = LIMIT_S,
    go_on: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[Trial, Outcome | None]]:
    """Make trials; each returns its outcome, None where it changes nothing.

    Args:
        trials: to make.
        scratch: folder for copies.
        at_once: number of processes.
        limit_s: wall time of a trial; one that takes longer hangs.
        go_on: returns whether one more may begin.
    """
    waiting = list(reversed(trials))
    working: dict[Child, tuple[Trial, Path]] = {}
    while (waiting and go_on()) or working:
        while waiting and len(working) < at_once and go_on():
            trial = waiting.pop()
            place = scratch / f"trial-{len(waiting)}"
            place.mkdir()
            child = fork(lambda trial=trial, place=place: trial.attempt(place), limit_s)
            working[child] = (trial, place)
        ready = wait([child.pipe for child in working], timeout=0.5)
        for child in [c for c in working if c.pipe in ready or c.end < time.monotonic()]:
            trial, place = working.pop(child)
            if child.pipe in ready:
                found = child.result()
            else:
                child.stop()
                found = "hung"
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(found, str):
                found = trial.ended("hung" if found == "hung" else "crashed", found)
            yield trial, found
