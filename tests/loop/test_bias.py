"""A tiny run whose explorations are biased: marked from the dump to the report, judged without."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import read_frames
from ipip.data.provenance import Provenance
from ipip.evaluation import open_student
from ipip.lammps import RunTrajectory
from ipip.loop.run import run_loop
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.student_md import STUDENT_MD
from ipip.views.report_data import gather_content

ENERGY = 0.5
KELVIN = 450.0  # of the student's MD; the teacher's has another


@pytest.fixture(scope="module")
def run(write_inputs, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bias")
    config = write_inputs(folder)
    settings = load_settings(config, RunSettings)
    changes = {"bias": {"energy": ENERGY, "width": 2.0}, "temperature": KELVIN}
    md = settings.student_md.model_dump() | changes
    plain = settings.model_dump() | {"student_md": md}
    run_loop(RunSettings.model_validate(plain), folder / "run")
    return folder / "run"


def test_explorations_are_biased_and_stability_runs_are_not(run):
    manifests = read_manifests(RunFolder(run))
    assert {entry.bias_ev for entry in STUDENT_MD.read(manifests, 1).runs} == {ENERGY}
    assert {entry.bias_ev for entry in EVALUATE.read(manifests, 1).runs} == {None}
    for deck in run.glob("round_00[01]/*/runs/*/in.lammps"):
        assert (f"bias {ENERGY}" in deck.read_text()) == (STUDENT_MD.name in str(deck))


def test_students_explore_at_the_temperature_of_their_own_settings(run):
    decks = list((run / STUDENT_MD.of(1)).glob("runs/*/in.lammps"))
    assert decks and all(f"langevin {KELVIN} {KELVIN} " in deck.read_text() for deck in decks)


def test_harvested_frames_are_marked_and_compared_without_the_bias(run):
    new = read_frames(run / HARVEST.of(1) / "new.lmdb")
    assert new and all(Provenance.of(frame).biased for frame in new)
    student, _ = open_student(run / FINETUNE.of(0) / "student.pt")
    with (run / HARVEST.of(1) / "harvest.csv").open(encoding="utf-8") as file:
        rows = {(r["run"], int(r["step"])): r["force_difference"] for r in csv.DictReader(file)}
    for frame in new:
        name, step = Provenance.of(frame).run_and_step
        assert RunTrajectory(run / STUDENT_MD.of(1) / "runs" / name).biased
        off = student.evaluate_frames([frame])[0].forces - frame.forces
        expected = np.sqrt((off**2).sum(axis=1).mean())
        assert float(rows[name, step]) == pytest.approx(expected, rel=1e-3)


def test_the_report_has_expected_errors_by_round_and_over_time(run):
    manifests = read_manifests(RunFolder(run))
    content = gather_content(
        RunFolder(run), manifests, json.loads((run / "summary.json").read_text())
    )
    assert any("biased towards uncertain frames by up to 0.5 eV" in note for note in content.notes)
    assert [one.name for one in content.expected_errors] == ["student 0", "student 1"]
    for one in content.expected_errors:
        assert len(one.expected) == len(one.observed) > 1 and min(one.observed) > 0
    assert {(along.round, along.student) for along in content.errors_over_time} == {(1, 0)}
    for along in content.errors_over_time:
        assert along.times[0] == 0.0 and min(along.errors) > 0
    page = (run / "report/report.html").read_text()
    assert "uncertainty-by-round" in page and "uncertainty-over-time" in page
