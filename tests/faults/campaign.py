"""All cases of some folders, several at a time, each in a forked copy of this process."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from pathlib import Path

from tests.faults.cases import Case, attempt
from tests.faults.damages import DAMAGES
from tests.faults.kinds import kind_of
from tests.faults.subjects import Subject
from tests.faults.table import Outcome
from tests.faults.trial import Child, fork

THOROUGH = 10  # one case in so many tries all verbs


def all_cases(subject: Subject, draw: random.Random) -> list[Case]:
    """Return each damage to each file of a folder."""
    outputs = subject.outputs()
    return [
        Case(subject, name, way, kind_of(name, outputs), draw.randrange(THOROUGH) == 0)
        for name in subject.files()
        for way in DAMAGES
    ]


def try_all(
    cases: list[Case], scratch: Path, at_once: int, shown: Callable[[int], None] = lambda n: None
) -> Iterator[Outcome]:
    """Try cases.

    Args:
        cases: to try.
        scratch: folder for copies.
        at_once: number of processes.
        shown: called with the number of cases that have ended.
    """
    waiting = list(reversed(cases))
    working: dict[Child, tuple[Case, Path]] = {}
    done = 0
    while waiting or working:
        while waiting and len(working) < at_once:
            case = waiting.pop()
            place = scratch / f"case-{len(waiting)}"
            place.mkdir()
            working[fork(lambda case=case, place=place: attempt(case, place))] = (case, place)
        ready = wait([child.pipe for child in working], timeout=0.5)
        for child in [c for c in working if c.pipe in ready or c.end < time.monotonic()]:
            case, place = working.pop(child)
            if child.pipe in ready:
                found = child.result()
            else:
                child.stop()
                found = "hung"
            shutil.rmtree(place, ignore_errors=True)
            done += 1
            shown(done)
            if isinstance(found, str):
                yield case.ended("hung" if found == "hung" else "crashed", found)
            elif found is not None:
                yield found
