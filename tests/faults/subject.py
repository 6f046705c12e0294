"""A folder to damage: finished, or killed at a stated moment, with its required results."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.trial import Call, call, do

from ipip.export import load_student, weights_digest

PASSING = frozenset({".lock", "journal.jsonl", "progress.json"})
TIMES = ("wall_s", "us_per_atom_step", "timing_load", "file")


@dataclasses.dataclass
class Subject:
    """A folder to damage.

    Attributes:
        name: for the table.
        home: folder with inputs and the folder to damage; copied for each case.
        target: the folder to damage, relative to `home`.
        command: makes the command that continues, from a copy of `home`.
        results: reads the required results from a copy of `home`, and its output.
        force: options that let the command set damaged results aside, if there are such.
        finished: nothing but damage leads to a change of files.
        warns: the command reports omissions and continues; it reports nothing else.
        verbs: other verbs on the folder, that change nothing.
        own: files of users themselves: no other file replaces them as damage.
        left_out: pattern of the paths in `target` that are not damaged; "": none.
        changing: verbs that change the folder, each called on a separate copy.
        expected: results that are right.
    """

    name: str
    home: Path
    target: str
    command: Callable[[Path], list[str]]
    results: Callable[[Path, Call], Any]
    force: tuple[str, ...] = ()
    finished: bool = True
    warns: bool = False
    verbs: tuple[tuple[str, ...], ...] = ()
    own: bool = False
    left_out: str = ""
    changing: tuple[tuple[str, ...], ...] = ()
    expected: list[Any] = dataclasses.field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The damaged files."""
        return self.home / self.target

    def files(self) -> list[str]:
        """Files and links of the folder, by their paths there."""
        names = [
            path.relative_to(self.folder).as_posix()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() or path.is_symlink()
        ]
        return [n for n in names if not (self.left_out and re.match(self.left_out, n))]

    def outputs(self) -> frozenset[str]:
        """Files that a manifest has a digest of."""
        found = set()
        for path in self.folder.rglob("manifest.json"):
            stage = path.parent.relative_to(self.folder).as_posix()
            found |= {f"{stage}/{name}" for name in json.loads(path.read_text())["outputs"]}
        return frozenset(found)

    def learn(self, scratch: Path, *without: str) -> Subject:
        """Record the results of the folder as it is, except for some removed files.

        A finished folder has to give the same results.
        """
        home = scratch / f"learn-{len(self.expected)}"
        shutil.copytree(self.home, home, symlinks=True)
        for name in without:
            (home / self.target / name).unlink()

        def work() -> Any:
            ended = call(*self.command(home))
            assert ended.status == 0, ended
            return self.results(home, ended)

        found = do(work)
        assert not isinstance(found, str), found
        if found not in self.expected:
            self.expected.append(found)
        shutil.rmtree(home)
        assert not self.finished or len(self.expected) == 1, self.expected
        return self


def plain_results(value: Any) -> Any:
    """Drop measured times and paths of copies."""
    if isinstance(value, dict):
        return {k: plain_results(v) for k, v in value.items() if k not in TIMES}
    return [plain_results(item) for item in value] if isinstance(value, list) else value


def student_of(path: Path) -> str:
    """Digest of the weights in a model file, or its fault."""
    try:
        return weights_digest(load_student(path).state_dict())
    except Exception as error:
        return f"no student: {error}"


NOTHING = Call((), 0, "", "")


def must_end_well(command: list[str]) -> None:
    ended = do(lambda: call(*command))
    assert isinstance(ended, Call) and ended.status == 0, ended


def must_be_killed(command: list[str], moment: Callable[[], None]) -> None:
    def work() -> Any:
        moment()
        return call(*command)

    ended = do(work)
    assert ended == f"signal {int(signal.SIGKILL)}", ended
