"""One case: damage a file of a copy, run the users' commands, and return how it ended."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.damages import damage
from tests.faults.kinds import Kind
from tests.faults.subject import PASSING, Subject
from tests.faults.table import Outcome
from tests.faults.trial import Call, call, contents, program

DIGEST = re.compile(r"_[0-9a-f]{8,12}\b")  # in names of files
PICTURES = (".png", ".html")  # where one is damaged, pictures are drawn


@dataclasses.dataclass(frozen=True)
class Case:
    """A damage to try.

    Attributes:
        subject: whose folder.
        file: path in it.
        way: of DAMAGES.
        kind: of the file.
        thorough: try the verbs that change the folder too, and whether reported damage heals
            when the command may set results aside.
        twice: try it with calls in this process, and with programs; both have to end alike.
        call: calls `ipip`.
    """

    subject: Subject
    file: str
    way: str
    kind: Kind
    thorough: bool = False
    twice: bool = False
    call: Callable[..., Call] = call

    @property
    def key(self) -> str:
        """The identity of this case, also in a folder that is made again with other digests."""
        return f"{self.subject.name}: {DIGEST.sub('', self.file)}, {self.way}"

    def attempt(self, scratch: Path) -> Outcome | None:
        """Try it; None where this way does not change this file.

        Args:
            scratch: folder for the copies; must exist, and is left empty.
        """
        ended = _attempt(self, scratch)
        if not self.twice or ended is None or ended.bad:
            return ended
        again = _attempt(dataclasses.replace(self, call=program), scratch)
        if again is None or again.bad or again == ended:
            return again
        return self.ended("wrong", f"as a program: {again}; called: {ended}")

    def ended(self, outcome: str, detail: str) -> Outcome:
        """Return how this case ended."""
        allowed = outcome == "unnoticed" and self.kind.only in self.subject.name
        reason = self.kind.reason if allowed else ""
        case = f"{self.file}, {self.way}"
        return Outcome(self.subject.name, self.kind.name, case, outcome, detail, reason)


def _attempt(case: Case, scratch: Path) -> Outcome | None:
    home = scratch / "damaged"
    shutil.copytree(case.subject.home, home, symlinks=True)
    target = home / case.subject.target
    changed = damage(target / case.file, target, case.way)
    if changed is None:
        shutil.rmtree(home)
        return None
    if not case.file.endswith(PICTURES):
        _draw_nothing()
    before = contents(target, PASSING)
    said = _look(case, home)
    if said is None or said.outcome == "reported":
        for verb in case.subject.changing if case.thorough else ():
            bad = _change(case, home, verb, scratch / "verb")
            if bad is not None:
                return bad
        said = _continue(case, home, changed, before, said)
    shutil.rmtree(home)
    return said


def _look(case: Case, home: Path) -> Outcome | None:
    """Call the verbs that change nothing."""
    reported = None
    before = contents(home, PASSING)
    for verb in case.subject.verbs:
        ended = case.call(*_placed(verb, home))
        if wrong := _not_well(case, ended):
            return wrong
        if ended.status:
            reported = case.ended("reported", ended.sentence)
    if contents(home, PASSING) != before:
        return case.ended("wrong", "a verb that only looks changed files")
    return reported


def _change(case: Case, home: Path, verb: tuple[str, ...], copy: Path) -> Outcome | None:
    """Call a verb that changes the folder on a copy, then continue there; None: all is well."""
    shutil.copytree(home, copy, symlinks=True)
    before = contents(copy, PASSING)
    ended = case.call(*_placed(verb, copy))
    bad = _not_well(case, ended)
    if bad is None and ended.status and contents(copy, PASSING) != before:
        bad = case.ended("wrong", f"{verb[0]} refused, but changed files: {ended.sentence}")
    if bad is None and not ended.status:
        after = case.call(*case.subject.command(copy))
        bad = _not_well(case, after)
        if bad is None and not after.status:
            bad = _other_results(case, copy, after, f"after {verb[0]}, ")
    shutil.rmtree(copy)
    return bad


def _continue(
    case: Case, home: Path, changed: bytes, before: dict[str, bytes], said: Outcome | None
) -> Outcome:
    """Call the command that continues."""
    subject, target = case.subject, home / case.subject.target
    ended = case.call(*subject.command(home))
    if wrong := _not_well(case, ended):
        return wrong
    if ended.status:
        if subject.finished and contents(target, PASSING) != before:
            return case.ended("wrong", f"refused, but changed files: {ended.sentence}")
        if case.thorough and subject.force:
            again = case.call(*subject.command(home), *subject.force)
            if wrong := _not_well(case, again):
                return wrong
            if not again.status and (other := _other_results(case, home, again, "set aside, ")):
                return other
        return case.ended("reported", ended.sentence)
    if other := _other_results(case, home, ended, ""):
        warned = subject.warns and ended.err.strip()
        return case.ended("reported", warned) if warned else other
    path = target / case.file
    there = path.is_file() and path.read_bytes() != changed
    if there if path.exists() else bool(changed):
        return case.ended("healed", "")
    return said or case.ended("unnoticed", "")


def _not_well(case: Case, ended: Call) -> Outcome | None:
    if ended.crashed:
        return case.ended("crashed", f"{ended.arguments[0]}: {ended.err[-1500:]}")
    if ended.status and not ended.sentence:
        return case.ended("crashed", f"{ended.arguments[0]} said: {ended.out} {ended.err}")
    return None


def _other_results(case: Case, home: Path, ended: Call, when: str) -> Outcome | None:
    try:
        found = case.subject.results(home, ended)
    except Exception as error:
        return case.ended("wrong", f"{when}status 0 without results: {error!r}")
    if found in case.subject.expected:
        return None
    return case.ended("wrong", f"{when}other results: {_first_difference(case, found)}")


def _first_difference(case: Case, found: object) -> str:
    known = case.subject.expected[0]
    if not isinstance(found, dict) or not isinstance(known, dict):
        return str(found)[:300]
    for key, value in found.items():
        if value != known.get(key):
            return f"{key}: {str(value)[:700]} instead of {str(known.get(key))[:700]}"
    return "missing"


def _placed(verb: tuple[str, ...], home: Path) -> list[str]:
    """Give a verb the paths in this copy."""
    name, *rest = verb
    there = [(home / text.split("/")[0]).exists() for text in rest]
    return [name, *(str(home / t) if here else t for t, here in zip(rest, there, strict=True))]


def _draw_nothing() -> None:
    """Let pictures be empty files: they take longer than all the rest."""
    from matplotlib.figure import Figure

    from ipip.report import plots

    def written(*given: Any, **_options: object) -> None:
        if isinstance(given[-1], str | os.PathLike):
            Path(given[-1]).write_bytes(b"")

    Figure.savefig = written
    for name in ("plot_errors", "plot_parity", "plot_failures", "plot_composition"):
        assert callable(getattr(plots, name))
        setattr(plots, name, written)
