"""The engine, on stages that write a file."""

import errno
import json
import socket

import pytest

import ipip
from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.errors import IpipError
from ipip.pipeline.cost import Forecast
from ipip.pipeline.execute import run_stage
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.stage import BoundStage, Round, Stage, StageResult
from ipip.pipeline.stop import Stopped
from ipip.pipeline.validity import validity_of
from ipip.records.journal import append_event, read_events
from ipip.records.manifest import read_manifest, read_manifests
from ipip.records.run_folder import RunFolder
from ipip.records.stage_record import StageRecord
from ipip.storage.lock import hold_lock
from ipip.storage.sealed import read_sealed, sealed_text

SETTINGS = RunSettings.model_validate(quick_values())


class Written(StageRecord):
    writes = ("out.txt",)

    continued: bool


class Writing(Stage[Written]):
    """A stage that does the given work."""

    title = label = "write"
    colour = "#000000"
    record = Written

    def __init__(self, name, inputs, write):
        self.name, self._inputs, self._write = name, inputs, write

    def inputs(self, within):
        return self._inputs

    def disk_bytes(self, sizes):
        return 0

    def forecast(self, basis, index):
        return Forecast("write", 0.0)

    def work(self, run):
        return self._write(run)


class Bench:
    """Two stages, the second reads the first; counts the work."""

    def __init__(self, root):
        self.run = RunFolder(root)
        self.done = []
        self.break_with = None
        self.settings = {"first": {"n": 1}, "second": {"n": 2}}

    def stages(self):
        within = Round(SETTINGS, 0)
        first = Writing("10_first", (), self.write)
        second = Writing("20_second", (first.of(0),), self.write)
        return [
            BoundStage(first, within, self.settings["first"], first.inputs(within)),
            BoundStage(second, within, self.settings["second"], second.inputs(within)),
        ]

    def write(self, run):
        self.done.append(run.folder.name)
        partial = run.folder / "task"
        found = partial.exists()
        partial.write_text("whole")
        if self.break_with is not None and run.folder.name == "20_second":
            raise self.break_with
        path = run.folder / "out.txt"
        path.write_text(f"{run.folder.name} {len(run.manifests)}")
        return StageResult(outputs=(path,), record=Written(continued=found))

    def look(self):
        return validity_of(self.run, self.stages(), read_manifests(self.run))

    def go(self):
        done = self.look().done
        for stage in self.stages():
            if stage.stage_id not in done:
                done[stage.stage_id] = run_stage(self.run, stage, done, SilentReporter())
        return done


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path / "run")


def test_a_stage_writes_only_its_declared_files(bench, monkeypatch):
    stage = bench.stages()[0]
    monkeypatch.setattr(Written, "writes", ("*.csv",))
    with pytest.raises(ValueError, match=r"wrote out.txt; it declares \*.csv"):
        run_stage(bench.run, stage, {}, SilentReporter())
    assert read_manifest(bench.run.stage(stage.stage_id)) is None


def test_stages_run_in_order_and_once(bench):
    bench.go()
    bench.go()
    assert bench.done == ["10_first", "20_second"]


def test_an_unfinished_stage_continues_with_its_files(bench):
    bench.break_with = Stopped("SIGTERM")
    with pytest.raises(Stopped):
        bench.go()
    assert read_manifest(bench.run.stage("round_000/20_second")) is None
    bench.break_with = None
    manifests = bench.go()
    assert bench.done == ["10_first", "20_second", "20_second"]
    assert manifests["round_000/20_second"].results == {"continued": True}


def test_files_of_an_unfinished_stage_with_other_settings_are_removed(bench):
    bench.break_with = Stopped("SIGTERM")
    with pytest.raises(Stopped):
        bench.go()
    bench.break_with = None
    bench.settings["second"] = {"n": 3}
    assert bench.go()["round_000/20_second"].results == {"continued": False}


def test_time_of_an_attempt_that_was_stopped_counts(bench):
    bench.break_with = Stopped("SIGTERM")
    with pytest.raises(Stopped):
        bench.go()
    marker = bench.run.stage("round_000/20_second") / "started.json"
    begun = read_sealed(marker)
    assert 0 < begun["wall_s"] < 5
    marker.write_text(sealed_text(begun | {"wall_s": 100.0}))
    bench.break_with = None
    assert 100 <= bench.go()["round_000/20_second"].wall_s < 105


def test_an_unfinished_stage_with_other_settings_is_reported_before_it_is_removed(bench):
    bench.break_with = Stopped("SIGTERM")
    with pytest.raises(Stopped):
        bench.go()
    assert bench.look().invalid == {}
    bench.settings["second"] = {"n": 3}
    assert bench.look().invalid == {
        "round_000/20_second": "was started, but not finished, with n: 2 -> 3"
    }


def test_a_changed_setting_makes_a_stage_and_what_follows_invalid(bench):
    bench.go()
    bench.settings["first"] = {"n": 5}
    found = bench.look()
    assert found.done == {}
    assert found.invalid == {
        "round_000/10_first": "n: 1 -> 5",
        "round_000/20_second": "follows round_000/10_first",
    }
    assert bench.done == ["10_first", "20_second"]


def test_a_changed_setting_keeps_the_stages_before(bench):
    bench.go()
    bench.settings["second"] = {"n": 5}
    found = bench.look()
    assert list(found.done) == ["round_000/10_first"]
    assert found.invalid == {"round_000/20_second": "n: 2 -> 5"}


def test_a_new_revision_of_the_code_is_noticed(bench, monkeypatch):
    bench.go()
    monkeypatch.setattr(ipip, "__version__", "7.1.3")
    (first, _) = bench.look().invalid.values()
    assert first.startswith("code: ipip 0.1, revision 1 -> ipip 7.1, revision 1")


def test_a_lost_output_is_noticed(bench):
    bench.go()
    (bench.run.stage("round_000/20_second") / "out.txt").unlink()
    assert bench.look().invalid == {
        "round_000/20_second": "out.txt is missing or was changed after the stage was done"
    }


def test_a_stage_made_from_other_inputs_is_noticed(bench):
    bench.go()
    folder = bench.run.stage("round_000/10_first")
    manifest = read_sealed(folder / "manifest.json")
    manifest["results"]["continued"] = True
    (folder / "manifest.json").write_text(sealed_text(manifest))
    (reason,) = bench.look().invalid.values()
    assert reason == "was made from results other than those now in the folder"


def test_a_broken_manifest_is_one_clear_message(bench):
    bench.go()
    (bench.run.stage("round_000/10_first") / "manifest.json").write_text("{")
    with pytest.raises(IpipError, match=r"10_first/manifest.json: is damaged: it is not JSON"):
        bench.go()


def test_a_full_disk_is_one_clear_message_and_keeps_the_rest(bench):
    bench.break_with = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(IpipError, match="the disk is full"):
        bench.go()
    assert read_manifest(bench.run.stage("round_000/10_first")) is not None


def test_the_manifest_records_outputs_inputs_and_settings(bench):
    manifests = bench.go()
    first, second = manifests.values()
    assert list(second.outputs) == ["out.txt"]
    assert second.inputs == {"round_000/10_first": first.outputs_digest}
    assert second.settings == {"n": 2}
    assert second.wall_s >= 0


def test_times_are_no_part_of_what_later_stages_depend_on(bench):
    first = bench.go()["round_000/10_first"]
    slower = first.model_copy(update={"times": {"s": 9.0}, "wall_s": 99.0, "finished": "later"})
    assert slower.outputs_digest == first.outputs_digest


def test_a_lock_is_free_again_after_use_and_after_a_crash(tmp_path):
    path = tmp_path / "lock"
    with hold_lock(path, "run"):
        pass
    path.write_text(json.dumps({"pid": 999999999, "host": socket.gethostname()}))
    with hold_lock(path, "run"):
        pass


def test_a_lock_of_another_machine_is_respected(tmp_path):
    path = tmp_path / "lock"
    path.write_text(json.dumps({"pid": 12, "host": "elsewhere"}))
    with (
        pytest.raises(IpipError, match=r"process 12 on machine elsewhere.*remove"),
        hold_lock(path, "run"),
    ):
        pass


def test_the_journal_survives_a_line_cut_short(tmp_path):
    path = tmp_path / "journal.jsonl"
    append_event(path, "one", n=1)
    with path.open("a") as file:
        file.write('{"event": "tw')
    append_event(path, "three")
    assert [entry["event"] for entry in read_events(path)] == ["one", "three"]
