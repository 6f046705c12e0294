"""The folder of a finished `ipip study`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from tests.faults.subject import Subject, must_end_well, plain_results
from tests.faults.trial import Call
from tests.loop.conftest import plain_settings, reference_frames

from ipip.data import write_frames

# The files of its runs that a study reads: the others are damaged in the folder of a run.
RUNS = r"runs/[^/]+/[^/]+/(round_|report/)"


def write_study_inputs(inputs: Path) -> None:
    inputs.mkdir()
    frames = reference_frames(12, seed=1)
    write_frames(inputs / "reference.xyz", frames)
    write_frames(inputs / "extra.xyz", reference_frames(4, seed=2))
    write_frames(inputs / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    (inputs / "run.yaml").write_text(yaml.safe_dump(plain_settings(inputs)))
    protocol = {
        "system": {"file": "start.xyz"},
        "runs": 1,
        "md": {"steps": 20, "temperature": 300, "minimize_steps": 0},
    }
    (inputs / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    study = {
        "run": "run.yaml",
        "seeds": [1, 2],
        "arms": ["none", "one-shot"],
        "protocols": [{"name": "short", "file": "protocol.yaml", "arms": ["none"]}],
        "test_sets": [{"name": "extra", "data": [{"path": "extra.xyz"}]}],
    }
    (inputs / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))


def finished_study(scratch: Path) -> Subject:
    inputs, home = scratch / "study-inputs", scratch / "study"
    write_study_inputs(inputs)

    def command(home: Path) -> list[str]:
        return ["study", str(inputs / "study.yaml"), "--dir", str(home / "out")]

    def results(home: Path, _call: Call) -> Any:
        return plain_results(json.loads((home / "out/study.json").read_text()))

    must_end_well(command(home))
    subject = Subject("a finished `ipip study`", home, "out", command, results, left_out=RUNS)
    return subject.learn(scratch)
