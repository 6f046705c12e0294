"""Folders of `ipip run`: one of a finished run, and of runs that were killed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from tests.faults.moments import (
    judged,
    kill_after_second_epoch,
    kill_after_teacher_state,
    kill_before_second_verdict,
)
from tests.faults.subject import NOTHING, Subject, must_be_killed, must_end_well, student_of
from tests.faults.trial import Call
from tests.loop.conftest import plain_settings, reference_frames, without_times

from ipip.data import write_frames
from ipip.views.ledger import read_ledger


def write_loop_inputs(home: Path, restart_interval: int = 0) -> None:
    """Write settings and data of a run of one round that takes seconds.

    Without restart files of student MD, a killed run equals an unbroken one bit for bit.
    """
    home.mkdir(parents=True)
    frames = reference_frames(12, seed=1)
    write_frames(home / "reference.xyz", frames)
    write_frames(home / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    settings = plain_settings(home)
    settings["student_md"] |= {"restart_interval": restart_interval}
    settings["teacher_md"] |= {"checkpoint_interval": 8}
    (home / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def loop_command(home: Path) -> list[str]:
    return ["run", str(home / "config.yaml"), "--dir", str(home / "run")]


def loop_results(home: Path, _call: Call) -> Any:
    run = home / "run"
    return {
        "summary": without_times(json.loads((run / "summary.json").read_text())),
        "ledger": [dataclasses.astuple(row) for row in read_ledger(run)],
        "best": student_of(run / "best/student.pt"),
    }


LOOP_VERBS = (("status", "run"), ("ledger", "run"), ("info", "run/best/student.pt"))
LOOP_CHANGES = (("gc", "run"), ("rewind", "run", "round_001/40_finetune"), ("report", "run"))


def finished_loop(scratch: Path) -> Subject:
    home = scratch / "loop"
    write_loop_inputs(home)
    must_end_well(loop_command(home))
    subject = Subject("a finished run", home, "run", loop_command, loop_results, ("--yes",))
    subject.verbs, subject.changing = LOOP_VERBS, LOOP_CHANGES
    subject.expected.append(loop_results(home, NOTHING))
    return subject.learn(scratch)


def killed_loop(scratch: Path, name: str, moment: Callable[[], None]) -> Subject:
    """A run that was killed at a moment, which `moment` prepares in the process to be killed."""
    home = scratch / name.replace(" ", "-").replace("'", "")
    write_loop_inputs(home, restart_interval=12)
    must_be_killed(loop_command(home), moment)
    subject = Subject(name, home, "run", loop_command, loop_results, ("--yes",), finished=False)
    subject.verbs, subject.changing = LOOP_VERBS[:2], LOOP_CHANGES[:2]
    return subject


def loop_in_student_md(scratch: Path) -> Subject:
    """Killed when the second run of the first student's MD had ended, and was not judged.

    A run of MD that resumes from a restart file has other noise than one that was not killed, and a
    damaged one resumes, or starts over: each of these is right.
    """
    subject = killed_loop(scratch, "a run killed in student MD", kill_before_second_verdict)
    for folder in sorted((subject.folder / "round_001/10_explore/runs").iterdir()):
        place = folder.relative_to(subject.folder)
        verdict = [f"{place}/verdict.json"] if judged(folder) else []
        pair = [f"{place}/restart.{letter}" for letter in "ab"]
        for gone in ([], pair[:1], pair[1:], pair):
            subject.learn(scratch, *verdict, *gone)
    return subject.learn(scratch)


def loop_in_training(scratch: Path) -> Subject:
    subject = killed_loop(scratch, "a run killed in a training", kill_after_second_epoch)
    return subject.learn(scratch)


def loop_in_teacher_md(scratch: Path) -> Subject:
    subject = killed_loop(scratch, "a run killed in the teacher's MD", kill_after_teacher_state)
    return subject.learn(scratch)
