"""A trial is what a user would see: crashes, hangs and processes left running are noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults import trial
from tests.faults.campaign import try_all
from tests.faults.journal import Journal
from tests.faults.table import Outcome
from tests.faults.trial import Call, call, do, fork, program


class Work:
    """A trial that does anything."""

    def __init__(self, key: str, work: Any) -> None:
        self.key, self.work = key, work

    def attempt(self, _scratch: Path) -> Outcome | None:
        found: Outcome | None = self.work()
        return found

    def ended(self, outcome: str, detail: str) -> Outcome:
        return Outcome("trial", "work", self.key, outcome, detail)


def healed() -> Outcome:
    return Outcome("trial", "work", "a", "healed")


def test_a_call_here_and_a_program_print_the_same() -> None:
    arguments = ("info", "no/such/file.pt")
    assert do(lambda: call(*arguments)) == program(*arguments)


def test_a_trial_that_dies_or_hangs_is_counted_as_such(tmp_path: Path) -> None:
    trials = [
        Work("dies", lambda: os.kill(os.getpid(), signal.SIGKILL)),
        Work("hangs", lambda: time.sleep(60)),
        Work("ends", healed),
    ]
    found = {trial.key: outcome for trial, outcome in try_all(trials, tmp_path, 2, 1.0)}
    assert found["dies"] == trials[0].ended("crashed", f"signal {int(signal.SIGKILL)}")
    assert found["hangs"] == trials[1].ended("hung", "hung")
    assert found["ends"] == healed()


def test_a_process_left_running_by_a_trial_is_a_crash_and_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "GRACE_S", 0.3)

    def leave() -> Call:
        """Start a program through a shell that ends: nothing waits for it."""
        subprocess.run(["sh", "-c", "sleep 54321 > /dev/null &"], check=True)
        return Call((), 0, "", "")

    assert do(leave) == "left running: sleep 54321"
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if b"54321" in read(p)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


def test_a_process_that_ends_by_itself_is_not_left_running() -> None:
    def start() -> int:
        subprocess.run(["sh", "-c", "sleep 0.2 > /dev/null &"], check=True)
        return 3

    assert do(start) == 3


def test_a_journal_resumes_and_retries_bad_cases(tmp_path: Path) -> None:
    path, done = tmp_path / "journal.jsonl", []

    def work(key: str, outcome: str | None) -> Work:
        def attempt() -> Outcome | None:
            return outcome and Outcome("trial", "work", key, outcome)

        return Work(key, attempt)

    def run(trials: list[Work]) -> Iterator[str]:
        journal = Journal(path)
        due = [trial for trial in trials if not journal.settled(trial.key)]
        for trial_, outcome in try_all(due, tmp_path, 1):
            journal.add(trial_.key, outcome)
            yield trial_.key

    trials = [work("a", "healed"), work("b", None), work("c", "wrong"), work("d", "reported")]
    for key in run(trials):
        done.append(key)
        if key == "c":
            break
    assert done == ["a", "b", "c"]
    with path.open("a") as file:
        file.write('{"key": "d", "outc')  # killed while it wrote
    trials[2] = work("c", "reported")
    assert list(run(trials)) == ["c", "d"]
    assert [o and o.outcome for o in Journal(path).known.values()] == [
        "healed",
        None,
        "reported",
        "reported",
    ]


def test_no_trial_begins_when_the_time_is_over(tmp_path: Path) -> None:
    left = [3]

    def go_on() -> bool:
        left[0] -= 1
        return left[0] > 0

    trials = [Work(str(number), healed) for number in range(10)]
    assert 1 <= len(list(try_all(trials, tmp_path, 1, go_on=go_on))) < 3


def test_a_fork_has_its_own_group() -> None:
    child = fork(os.getpgrp)
    assert child.result() == child.pid != os.getpgrp()
