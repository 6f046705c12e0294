"""A tiny run with the options beyond the paper: trust, committee, replay, warm, baseline."""

import csv
import json

import numpy as np
import pytest
import torch
from ase.calculators.emt import EMT
from tests.loop.conftest import SHIFT, STIFFNESS

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import read_frames
from ipip.export import load_student
from ipip.loop.run import run_loop
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.baseline import BASELINE
from ipip.stages.committee import COMMITTEE
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.relabel import RELABEL
from ipip.stages.work.training import replayed
from ipip.views.pretraining_frames import open_pretraining_set

ITERATION = {
    "kept_labels": "trust",
    "labeller": "committee",
    "committee": 2,
    "uncertainty": "committee",
    "trust_factor": 0.9,
    "start": "warm",
    "replay": 0.5,
}


@pytest.fixture(scope="module")
def run(write_inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("options")
    config = write_inputs(folder, iteration=ITERATION, baseline={"none": True})
    run_loop(load_settings(config, RunSettings), folder / "run")
    return folder / "run"


def test_each_kept_frame_has_the_label_that_trust_gives_it(run):
    record = RELABEL.read(read_manifests(RunFolder(run)), 1)
    trust = record.trust
    with (run / RELABEL.of(1) / "frames.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if row["origin"] == "0"]
    for row in kept:
        expected = "student 0" if float(row["uncertainty"]) <= trust.limit else "teacher"
        assert row["label"] == expected
    assert trust.student + trust.teacher == record.kept == len(kept)
    assert {labeller.name for labeller in record.labellers} == {"student 0", "member_1 of round 0"}


def test_a_frame_that_is_not_trusted_gets_its_teachers_label_back(run):
    first = {f.info["frame_id"]: f for f in open_pretraining_set(run, 0)}
    second = open_pretraining_set(run, 1)
    old = [frame for frame in second if frame.info["frame_id"] in first]
    same = [np.array_equal(f.forces, first[f.info["frame_id"]].forces) for f in old]
    assert same == [frame.info["label"] == "teacher" for frame in old]
    assert same == [f.energy == first[f.info["frame_id"]].energy for f in old]
    assert {True, False} == set(same)


def test_replayed_frames_take_part_in_the_fine_tuning(run):
    trained = FINETUNE.read(read_manifests(RunFolder(run)), 1).train_frames
    reference = len(read_frames(run / LABEL.of(0) / "train.xyz"))
    assert trained == reference + round(0.5 * reference)


def test_replayed_energies_are_on_the_reference_s_scale_and_unchanged(run):
    pool = open_pretraining_set(run, 0)
    drawn = replayed(pool, 4, 1.0, seed=3)
    known = {frame.info["frame_id"]: frame for frame in pool}
    assert [f.energy for f in drawn] == [known[f.info["frame_id"]].energy for f in drawn]
    # The reference is EMT made stiffer and shifted by -3 and -5 eV per atom: what pretraining
    # frames miss of it is only the stiffness, a small part of those shifts.
    missed = []
    for frame in drawn:
        atoms = frame.to_atoms()
        atoms.calc = EMT()
        emt = STIFFNESS * atoms.get_potential_energy()
        reference = emt + sum(SHIFT[number] for number in atoms.numbers)
        missed.append((frame.energy - reference) / len(atoms))
    assert np.abs(missed).max() < 0.1  # eV per atom


def test_the_baseline_has_as_many_steps_and_is_measured_like_the_others(run):
    manifests = read_manifests(RunFolder(run))
    before = PRETRAIN.read(manifests, 0).steps
    frames = len(read_frames(run / LABEL.of(0) / "train.xyz"))
    without_replay = 3 * -(-frames // 4)  # epochs and batch size of the tiny run
    assert BASELINE.read(manifests, 0).steps == before + without_replay
    summary = json.loads((run / "summary.json").read_text())
    assert set(summary["none"]) == {"test", "failures", "us_per_atom_step", "timing_load"}
    page = (run / "report" / "report.html").read_text()
    assert "no pretraining" in page


def test_the_baseline_is_student_0_of_a_run_without_pretraining(run, write_inputs, tmp_path):
    config = write_inputs(tmp_path, pretrain=None, rounds=0)
    settings = load_settings(config, RunSettings)
    manifests = read_manifests(RunFolder(run))
    more = {"max_steps": BASELINE.read(manifests, 0).steps, "max_epochs": 1000}
    settings = settings.model_copy(update={"finetune": settings.finetune.model_copy(update=more)})
    run_loop(settings, tmp_path / "run")
    plain = load_student(tmp_path / "run" / FINETUNE.of(0) / "student.pt")
    baseline = load_student(run / BASELINE.of(0) / "student.pt")
    for name, weights in baseline.state_dict().items():
        torch.testing.assert_close(weights, plain.state_dict()[name], rtol=0, atol=0, msg=name)


def test_only_rounds_with_a_successor_train_a_committee(run):
    assert (run / COMMITTEE.of(0) / "member_1.pt").exists()
    assert not (run / COMMITTEE.of(1)).exists()
