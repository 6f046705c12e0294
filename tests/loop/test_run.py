"""A real, tiny run from start to end, and what happens when it is inspected or started again."""

import json
import re
import shutil
from types import SimpleNamespace

import pytest
import yaml

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import frames_digest, read_frames
from ipip.errors import IpipError
from ipip.export import read_metadata
from ipip.loop.run import run_loop
from ipip.records.journal import read_events
from ipip.records.manifest import read_manifest, read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.forget import FORGET
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.listing import stages_of_round
from ipip.stages.student_md import STUDENT_MD
from ipip.views.ledger import read_ledger
from ipip.views.pretraining_frames import open_pretraining_set
from ipip.views.results import write_results
from ipip.views.status import read_status

TEST_KEYS = {"force_mae_ev_per_a", "force_rmse_ev_per_a", "energy_mae_mev_per_atom"}


def test_the_folder_holds_every_stage_with_a_manifest(finished_run):
    config, folder = finished_run
    settings = load_settings(config, RunSettings)
    for index in (0, 1):
        for stage in stages_of_round(settings, index):
            manifest = read_manifest(folder / stage.of(index))
            assert manifest is not None, stage.name
            assert manifest.versions["torch"] != "not installed"
    for name in ("config.lock.yaml", "summary.json", "journal.jsonl", "best/student.pt"):
        assert (folder / name).is_file(), name
    for name in ("summary.md", "errors.png", "parity.png", "failures.png", "composition.png"):
        assert (folder / "report" / name).stat().st_size > 0, name


def test_the_summary_has_exactly_the_documented_fields(finished_run):
    _, folder = finished_run
    summary = json.loads((folder / "summary.json").read_text())
    assert set(summary) == {*("verdict", "teacher", "rounds", "best_round", "intervals", "stopped")}
    assert summary["stopped"] == "its last round, 1, is done"
    assert set(summary["teacher"]) == {"test", "us_per_atom_step", "timing_load"}
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1]
    fields = {"round", "test", "failures", "us_per_atom_step", "kept", "forgotten", "new"}
    fields |= {"base", "rolled_back", "timing_load"}
    for entry in summary["rounds"]:
        assert set(entry) == fields
        assert set(entry["failures"]) == {"failed", "total", "wilson95"}
        assert {"by_element", "by_config_type"} | TEST_KEYS <= set(entry["test"])
    for entry in (summary["teacher"], *summary["rounds"]):
        assert entry["timing_load"]["running"] > 0 and entry["timing_load"]["cores"] >= 1
    first, second = summary["rounds"]
    assert first["new"] == second["kept"] + second["forgotten"]


def test_the_charge_of_the_starts_is_in_every_frame_of_every_round(finished_run):
    _, folder = finished_run
    sets = {
        "the first set": open_pretraining_set(folder, 0),
        "the harvest": read_frames(folder / HARVEST.of(1) / "new.lmdb"),
        "the second set": open_pretraining_set(folder, 1),
    }
    for name, frames in sets.items():
        assert frames and all(frame.state == {"charge": 1} for frame in frames), name


def test_the_best_student_is_a_student_of_this_run(finished_run):
    _, folder = finished_run
    assert read_metadata(folder / "best" / "student.pt").symbols == ["Cu", "Au"]


def test_the_energy_shift_is_found(finished_run):
    _, folder = finished_run
    shift = LABEL.read(read_manifests(RunFolder(folder)), 0).energy_shift
    assert shift.rank == 2
    # EMT's own cohesion is small beside the shift that the reference adds.
    assert shift.ev_per_atom["Cu"] == pytest.approx(-3.0, abs=0.3)
    assert shift.ev_per_atom["Au"] == pytest.approx(-5.0, abs=0.3)


def test_kept_frames_carry_the_students_labels_and_new_ones_the_teachers(finished_run):
    _, folder = finished_run
    before, after = open_pretraining_set(folder, 0), open_pretraining_set(folder, 1)
    labels = {frame.info["frame_id"]: frame.info["label"] for frame in after}
    assert set(labels.values()) <= {"student 0", "teacher"}
    old = {frame.info["frame_id"]: frame for frame in before}
    for frame in after:
        known = frame.info["frame_id"] in old
        assert labels[frame.info["frame_id"]] == ("student 0" if known else "teacher")
    forgotten = json.loads((folder / FORGET.of(1) / "forgotten.json").read_text())
    assert not set(forgotten["frame_ids"]) & set(labels)


def test_no_test_frame_is_trained_on(finished_run):
    _, folder = finished_run
    label = folder / LABEL.of(0)
    test = {frames_digest([frame]) for frame in read_frames(label / "test.xyz")}
    train = {frames_digest([frame]) for frame in read_frames(label / "train.xyz")}
    valid = {frames_digest([frame]) for frame in read_frames(label / "valid.xyz")}
    assert not test & (train | valid)


def test_a_finished_run_is_not_done_again(copied):
    config, folder = copied
    before = {path: path.stat().st_mtime_ns for path in folder.glob("round_*/*/manifest.json")}
    summary = (folder / "summary.json").read_text()
    run_loop(load_settings(config, RunSettings), folder)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (folder / "summary.json").read_text() == summary


def test_a_worse_round_is_rolled_back_and_reported(copied):
    config, folder = copied
    settings = yaml.safe_load(config.read_text())
    settings |= {"rounds": 2, "stop": {"rollback_above": 0.0}}
    config.write_text(yaml.safe_dump(settings))
    errors = [
        EVALUATE.read(read_manifests(RunFolder(folder)), k).valid["force_mae_ev_per_a"]
        for k in (0, 1)
    ]
    assert errors[1] > errors[0]  # as it happens in the tiny run
    summary = run_loop(load_settings(config, RunSettings), folder)
    first, second, third = summary["rounds"]
    assert first["rolled_back"] is None and "above that of round 0" in second["rolled_back"]
    assert (second["base"], third["base"]) == (0, 0)
    assert third["kept"] + third["forgotten"] == first["new"]
    manifest = read_manifest(folder / STUDENT_MD.of(2))
    assert FINETUNE.of(0) in manifest.inputs
    left = {row.left for row in read_ledger(folder, origin=1)}
    assert left == {"round 1 was rolled back"}


def test_the_report_links_the_analyses_that_lie_in_the_run(copied):
    _, folder = copied
    dump = folder / STUDENT_MD.of(1) / "runs" / "alloy_00"
    for place in (folder / "species-long", dump / "species-trajectory"):
        place.mkdir()
        (place / "species.html").write_text("<p>molecules</p>")
    page = write_results(folder)
    text = page.read_text()
    for path in re.findall(r'<li><a href="(.*?)">reaction analysis', text):
        assert (page.parent / path).is_file()
    assert text.count("reaction analysis: ") == 2


def test_the_ledger_follows_every_frame(finished_run):
    _, folder = finished_run
    rows = read_ledger(folder)
    pretraining = [row for row in rows if row.part == "pretraining"]
    forgotten = json.loads((folder / FORGET.of(1) / "forgotten.json").read_text())
    left = {row.frame_id for row in pretraining if row.left == "forgotten in round 1"}
    assert left == set(forgotten["frame_ids"])
    assert len({row.frame_id for row in rows}) == len(rows)
    kept = [row for row in pretraining if row.rounds == "0 1"]
    assert kept and {row.labels for row in kept} == {"teacher; student 0"}
    digest = read_metadata(folder / FINETUNE.of(0) / "student.pt").weights_digest
    assert all(row.digests.endswith(digest) for row in kept)
    assert all(float(row.energy_shift_ev) < -20 for row in kept)
    assert [row.part for row in rows].count("test") == 3
    young = read_ledger(folder, origin=1)
    assert young and all(row.rounds == "1" and row.labels == "teacher" for row in young)
    assert len(read_ledger(folder, lived_in=1, label="student 0")) == len(kept)
    (one,) = read_ledger(folder, frame=kept[0].frame_id)
    assert one.run and int(one.step) >= 0 and one.frame_id.endswith(f"{one.run}/{one.step}")


def test_no_free_disk_stops_before_a_stage_and_loses_nothing(copied, monkeypatch):
    config, folder = copied
    shutil.rmtree(folder / EVALUATE.of(1))
    usage = SimpleNamespace(total=10**9, used=10**9 - 10**6, free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(IpipError, match="1 MB of disk space are free") as caught:
        run_loop(load_settings(config, RunSettings), folder)
    assert "round_001/50_evaluate" in str(caught.value)
    assert read_manifest(folder / FINETUNE.of(1)) is not None


def test_the_status_of_a_run_lists_its_stages(finished_run):
    _, folder = finished_run
    state = read_status(folder)
    assert len(state.stages) == 12
    assert {stage.state for stage in state.stages} == {"done"}
    assert state.summary["rounds"]


def test_the_journal_lists_what_happened(finished_run):
    _, folder = finished_run
    events = [entry["event"] for entry in read_events(folder / "journal.jsonl")]
    assert events[0] == "run_started"
    assert events[-1] == "run_finished"
    assert events.count("stage_done") == 12
