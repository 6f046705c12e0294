"""Folders of `ipip train`.

They store the path of their data, so the data are not copied.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from tests.faults.moments import kill_after_second_epoch
from tests.faults.subject import (
    NOTHING,
    Subject,
    must_be_killed,
    must_end_well,
    plain_results,
    student_of,
)
from tests.faults.trial import Call
from tests.loop.conftest import reference_frames

from ipip.data import write_frames


def write_train_inputs(inputs: Path) -> None:
    inputs.mkdir(exist_ok=True)
    write_frames(inputs / "frames.xyz", reference_frames(12, seed=1))
    settings = {
        "data": [{"path": "frames.xyz", "keys": {"group": "traj"}}],
        "split": {"valid": 3, "test": 3},
        "student": {"channels": 8, "layers": 1, "cutoff": 4.0},
        "training": {"max_epochs": 3, "warmup_steps": 2, "batch_size": 4, "tensorboard": False},
        "seed": 5,
    }
    (inputs / "small.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def training(scratch: Path, name: str, finished: bool) -> Subject:
    inputs, home = scratch / "train-inputs", scratch / f"train-{finished}"
    write_train_inputs(inputs)

    def command(home: Path) -> list[str]:
        return ["train", str(inputs / "small.yaml"), "--dir", str(home / "out"), "--json"]

    def results(home: Path, _call: Call) -> Any:
        report = plain_results(json.loads((home / "out/test.json").read_text()))
        return {"report": report, "student": student_of(home / "out/student.pt")}

    subject = Subject(name, home, "out", command, results, finished=finished)
    if finished:
        must_end_well(command(home))
        subject.verbs = (
            ("info", "out/student.pt"),
            ("eval", "out/student.pt", str(inputs / "frames.xyz"), "--json"),
        )
        subject.expected.append(results(home, NOTHING))
    else:
        must_be_killed(command(home), kill_after_second_epoch)
    return subject.learn(scratch)
