"""A sample of what `make faults` does in whole: one damage to a file of each kind of three folders.

A new sample each time would find more over the years, and fail for people who changed nothing:
so the seed is fixed, and IPIP_FAULTS_SEED gives others. tests/loop/test_resume.py kills runs.
"""

from __future__ import annotations

import dataclasses
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.faults.__main__ import main
from tests.faults.campaign import all_cases, try_all
from tests.faults.cases import Case
from tests.faults.damages import DAMAGES, damage
from tests.faults.kinds import Kind
from tests.faults.subject import Subject
from tests.faults.subjects import SUBJECTS
from tests.faults.table import BEGIN, END, Outcome, Table
from tests.faults.trial import Call, do

SEED = int(os.environ.get("IPIP_FAULTS_SEED", "1"))


def one_of_each_kind(cases: list[Case], draw: random.Random) -> list[Case]:
    """Draw a file and a damage of each kind of file."""
    kinds: dict[str, list[Case]] = {}
    for case in cases:
        kinds.setdefault(case.kind.name, []).append(case)
    return [draw.choice(those) for those in kinds.values()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loop", "stability-killed", "train-killed"])
def test_no_damage_is_believed_or_ends_a_command_badly(name: str, tmp_path: Path) -> None:
    draw, table = random.Random(SEED), Table()
    cases = all_cases(SUBJECTS[name](tmp_path), SEED)
    for _, outcome in try_all(one_of_each_kind(cases, draw), tmp_path, 1):
        if outcome:
            table.add(outcome)
    print(table.markdown())
    assert not table.bad, "\n".join(map(str, table.bad))
    assert table.tried >= 5


@pytest.mark.slow
def test_a_case_ends_alike_with_calls_and_with_programs(tmp_path: Path) -> None:
    subject = SUBJECTS["label"](tmp_path)
    case = Case(subject, "labels.xyz.labels.jsonl", "one bit", Kind("labels", ""), twice=True)
    ((_, outcome),) = try_all([case], tmp_path, 1)
    assert outcome == case.ended("healed", "")
    other = dataclasses.replace(case, call=lambda *_: Call((), 1, "", "ipip: no"))
    ((_, outcome),) = try_all([other], tmp_path, 1)
    assert outcome is not None and outcome.bad and outcome.detail.startswith("as a program: ")


@pytest.mark.slow
def test_a_second_call_makes_the_table_from_both(tmp_path: Path) -> None:
    page, journal = tmp_path / "page.md", tmp_path / "journal.jsonl"
    page.write_text(f"before\n{BEGIN}{END}after\n")
    wanted = ["--only", "stores", "--fuzz", "0", "--jobs", "1", "--journal", str(journal)]
    counts = []
    for share in ("0.1", "0.3", "0.3"):
        given = [*wanted, "--share", share, "--into", str(page)]
        assert do(lambda given=given: main(given)) == 0
        counts.append(len(journal.read_text().splitlines()))
    assert 1 <= counts[0] < counts[1] == counts[2] < 35
    changed = sum('"outcome": null' not in line for line in journal.read_text().splitlines())
    text = page.read_text()
    assert f"| **in all** | {changed} |" in text
    assert re.search(rf"{counts[2]} of {counts[2]} cases, of which {counts[2] - changed} ", text)


def test_the_cases_of_a_folder_do_not_depend_on_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("frames.xyz", "a_0123abcd/verdict.json", "runs/start.txt"):
        path = home / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")

    def keys(**others: Any) -> dict[str, tuple[bool, bool]]:
        subject = Subject("a", home, "out", lambda _: [], lambda *_: None, **others)
        return {case.key: (case.thorough, case.twice) for case in all_cases(subject, 1)}

    found = keys(left_out="runs/")
    assert len(found) == 2 * len(DAMAGES)
    assert "a: a/verdict.json, removed" in found  # a digest in a name may be another next time
    fewer = keys(left_out="(runs|a_)", own=True)
    assert fewer == {k: v for k, v in found.items() if "frames" in k and "another" not in k}


def test_each_damage_changes_a_file_and_the_quiet_ones_keep_size_and_times(tmp_path: Path) -> None:
    other = tmp_path / "round_001/frames.xyz"
    other.parent.mkdir()
    other.write_bytes(b"another round's frames" * 100)
    for way in DAMAGES:
        path = tmp_path / "frames.xyz"
        path.write_bytes(b"these are the frames" * 100)
        before = path.stat()
        changed = damage(path, tmp_path, way)
        assert changed is not None and changed != b"these are the frames" * 100
        if way in ("one bit", "a sector of zeros"):
            after = path.stat()
            assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_a_damage_that_changes_nothing_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "log.lammps"
    path.write_bytes(b"")
    assert damage(path, tmp_path, "emptied") is None
    assert damage(path, tmp_path, "one bit") is None


@pytest.mark.parametrize(
    ("outcome", "reason", "bad"),
    [
        ("reported", "", False),
        ("healed", "", False),
        ("unnoticed", "a log, for people", False),
        ("unnoticed", "", True),
        ("wrong", "a log, for people", True),
        ("crashed", "", True),
        ("hung", "", True),
    ],
)
def test_the_table_fails_where_damage_was_believed(outcome: str, reason: str, bad: bool) -> None:
    table = Table()
    table.add(Outcome("a run", "logs", "log.lammps, emptied", outcome, "", reason))
    assert table.failed == bad
    assert table.tried == 1
