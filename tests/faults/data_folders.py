"""Folders of stores of frames, of `ipip explore`, `ipip label` and `ipip harvest`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from tests.faults.moments import kill_at_sixth_label
from tests.faults.stability_folders import write_stability_inputs
from tests.faults.subject import Subject, must_be_killed, must_end_well
from tests.faults.trial import Call
from tests.loop.conftest import plain_settings, reference_frames

from ipip.data import write_frames
from ipip.data.store import write_store

EMT = {"kind": "ase", "import_path": "ase.calculators.emt:EMT"}
STORES = (1, 2, 5, 12, 30, 80, 200)  # frames: the middle lies in other kinds of pages


def stores(scratch: Path) -> Subject:
    """Stores that `ipip convert` reads whole."""
    home = scratch / "stores"
    (home / "out").mkdir(parents=True)
    for number in STORES:
        write_store(home / f"out/{number}.lmdb", reference_frames(number, seed=number))

    def command(home: Path) -> list[str]:
        given = [str(home / f"out/{number}.lmdb") for number in STORES]
        return ["convert", *given, str(home / "all.xyz")]

    def results(home: Path, _call: Call) -> Any:
        return {"frames": (home / "all.xyz").read_text()}

    name = "stores of frames to `ipip convert`"
    return Subject(name, home, "out", command, results, own=True).learn(scratch)


def explored(scratch: Path) -> Subject:
    inputs, home = scratch / "explore-inputs", scratch / "explore"
    inputs.mkdir()
    (home / "out").mkdir(parents=True)
    start = reference_frames(1, seed=1)[0].replace(energy=None, forces=None)
    write_frames(inputs / "start.xyz", [start])
    settings = plain_settings(inputs)
    del settings["reference"]
    (inputs / "explore.yaml").write_text(yaml.safe_dump(settings))

    def command(home: Path) -> list[str]:
        given = ["explore", str(inputs / "explore.yaml"), "--frames", "5"]
        return [*given, "--out", str(home / "out/explored.xyz")]

    def results(home: Path, _call: Call) -> Any:
        return {"frames": (home / "out/explored.xyz").read_text()}

    must_end_well(command(home))
    return Subject("a finished `ipip explore`", home, "out", command, results).learn(scratch)


def labels(scratch: Path, name: str, finished: bool) -> Subject:
    inputs, home = scratch / "label-inputs", scratch / f"label-{finished}"
    inputs.mkdir(exist_ok=True)
    frames = [f.replace(energy=None, forces=None) for f in reference_frames(12, seed=1)]
    write_frames(inputs / "frames.xyz", frames)
    (inputs / "level.yaml").write_text(yaml.safe_dump(EMT))
    (home / "out").mkdir(parents=True)

    def command(home: Path) -> list[str]:
        given = ["label", str(inputs / "level.yaml"), str(inputs / "frames.xyz")]
        return [*given, "--out", str(home / "out/labels.xyz"), "--json"]

    def results(home: Path, _call: Call) -> Any:
        dropped = (home / "out/labels.xyz.dropped.csv").read_text()
        return {"frames": (home / "out/labels.xyz").read_text(), "dropped": dropped}

    subject = Subject(name, home, "out", command, results, finished=finished)
    if finished:
        must_end_well(command(home))
    else:
        must_be_killed(command(home), kill_at_sixth_label)
    return subject.learn(scratch)


def harvest(scratch: Path) -> Subject:
    """A harvest that a second call resumes, and finds nothing new."""
    inputs, home = scratch / "harvested", scratch / "harvest"
    write_stability_inputs(inputs)
    student = str(inputs / "student.pt")
    protocol = ["--config", str(inputs / "protocol.yaml"), "--dir", str(inputs / "out")]
    must_end_well(["stability", student, *protocol, "--workers", "1"])
    settings = {"teacher": EMT, "harvest": {"candidates": 6, "per_run": 3, "frames": 4}}
    (inputs / "harvest.yaml").write_text(yaml.safe_dump(settings))
    home.mkdir()

    def command(home: Path) -> list[str]:
        given = ["harvest", str(inputs / "out"), "--student", student]
        return [*given, "--config", str(inputs / "harvest.yaml"), "--dir", str(home / "out")]

    def results(home: Path, _call: Call) -> Any:
        summary = json.loads((home / "out/summary.json").read_text())
        return {
            "frames": (home / "out/frames.xyz").read_text(),
            "table": (home / "out/harvest.csv").read_text(),
            "summary": {name: summary[name] for name in ("runs", "taken", "frames", "left")},
        }

    must_end_well(command(home))
    must_end_well(command(home))  # the first call's selection is known
    return Subject("a finished `ipip harvest`", home, "out", command, results).learn(scratch)
