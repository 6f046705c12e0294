"""Folders of `ipip stability`, and of a harvest of their dumps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from tests.faults.moments import kill_before_second_verdict
from tests.faults.subject import NOTHING, Subject, must_be_killed, must_end_well, plain_results
from tests.faults.trial import Call
from tests.loop.conftest import reference_frames

from ipip.data import write_frames
from ipip.export import save_student
from ipip.models import build_student


def write_stability_inputs(inputs: Path) -> None:
    inputs.mkdir(exist_ok=True)
    student = build_student("painn", ["Cu", "Au"], seed=7, channels=8, layers=1, cutoff=4.0)
    student.set_energy_scale([-3.0, -5.0], 0.01, 0.1)
    save_student(student, inputs / "student.pt")
    frames = reference_frames(1, seed=1)
    write_frames(inputs / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    md = {"steps": 40, "temperature": 300.0, "minimize_steps": 0, "restart_interval": 15}
    md |= {"ring_frames": 3, "frame_interval": 10}
    protocol = {"system": {"file": "start.xyz"}, "runs": 2, "md": md, "keep_dumps": "all"}
    (inputs / "protocol.yaml").write_text(yaml.safe_dump(protocol, sort_keys=False))


def stability(scratch: Path, name: str, finished: bool) -> Subject:
    inputs, home = scratch / "stability-inputs", scratch / f"stability-{finished}"
    write_stability_inputs(inputs)

    def command(home: Path) -> list[str]:
        given = ["stability", str(inputs / "student.pt"), "--config", str(inputs / "protocol.yaml")]
        return [*given, "--dir", str(home / "out"), "--workers", "1", "--json"]

    def results(home: Path, _call: Call) -> Any:
        return {
            "summary": plain_results(json.loads((home / "out/summary.json").read_text())),
            "survival": (home / "out/survival.csv").read_text(),
        }

    subject = Subject(name, home, "out", command, results, finished=finished)
    if finished:
        must_end_well(command(home))
        subject.expected.append(results(home, NOTHING))
    else:
        must_be_killed(command(home), kill_before_second_verdict)
    return subject.learn(scratch)


def dumps_to_harvest(scratch: Path) -> Subject:
    """Runs of student MD that are not harvested yet."""
    ran = stability(scratch, "", finished=True)
    student = str(scratch / "stability-inputs/student.pt")

    def command(home: Path) -> list[str]:
        given = ["harvest", str(home / "out"), "--student", student, "--frames", "3"]
        return [*given, "--dir", str(home / "harvest"), "--json"]

    def results(home: Path, _call: Call) -> Any:
        return {"frames": (home / "harvest/frames.xyz").read_text()}

    subject = Subject("student MD to `ipip harvest`", ran.home, "out", command, results, warns=True)
    return subject.learn(scratch)
