"""What is damaged, swapped or gone in a run folder is said, and never believed."""

import json
import os
import shutil

import pytest
from tests.loop.conftest import without_times

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.errors import InputError, IpipError
from ipip.loop.garbage import collect_garbage
from ipip.loop.rewind import rewind
from ipip.loop.run import run_loop
from ipip.pipeline.execute import run_stage
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.reuse import take_over
from ipip.records.config_lock import read_config_lock
from ipip.records.manifest import read_manifest, read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.rounds import RoundFactory
from ipip.storage.sealed import open_sealed, sealed_text
from ipip.views.ledger import read_ledger
from ipip.views.results import write_results
from ipip.views.status import read_status

TRAIN = LABEL.of(0) + "/train.xyz"


def flip(path, at=0.5):
    """Turn one bit of a file over; size and times stay."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[int(at * len(data))] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def contents(folder):
    """Return every file's bytes, but for those that a driver or a lock touches."""
    passing = {".lock", "journal.jsonl", "progress.json"}
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in passing
    }


@pytest.mark.parametrize(
    "name",
    [
        TRAIN,
        "round_000/10_explore/runs/alloy_00.lmdb",
        "round_000/30_pretrain/student.pt",
        "round_001/15_harvest/new.lmdb",
        "round_001/15_harvest/origins.csv",
        "round_001/20_relabel/frames.csv",
        "round_001/20_relabel/student_labels.npz",
    ],
)
def test_an_output_that_keeps_its_size_and_times_is_not_read_when_it_was_changed(copied, name):
    config, folder = copied
    flip(folder / name)
    stage, file = name.split("/", 2)[:2], name.split("/", 2)[2]
    told = rf"{'/'.join(stage)}: {file} is missing or was changed after the stage was done"
    with pytest.raises(InputError, match=told):
        run_loop(load_settings(config, RunSettings), folder)
    before = contents(folder)
    for verb in (write_results, collect_garbage):
        with pytest.raises(IpipError, match=told):
            verb(folder)
    assert contents(folder) == before


def test_damaged_results_are_computed_again_and_are_the_same(copied):
    config, folder = copied
    before = json.loads((folder / "summary.json").read_text())
    flip(folder / "round_001/20_relabel/student_labels.npz")
    flip(folder / "round_001/05_forget/manifest.json")
    after = run_loop(load_settings(config, RunSettings), folder, confirm=lambda text: True)
    assert without_times(after) == without_times(before)
    assert (folder / "discarded/001/round_001/20_relabel/student_labels.npz").exists()


def test_damage_between_two_stages_of_one_driver_is_noticed(copied):
    config, folder = copied
    run = RunFolder(folder)
    manifests = read_manifests(run)
    stages = RoundFactory(load_settings(config, RunSettings)).round(1, (0,))
    (finetune,) = (stage for stage in stages if stage.stage is FINETUNE)
    flip(folder / "round_001/30_pretrain/student.pt")
    with pytest.raises(IpipError, match=r"30_pretrain: student.pt .*40_finetune reads it"):
        run_stage(run, finetune, manifests, SilentReporter())


def _says_the_same(text, changed):
    try:
        return json.loads(text) == json.loads(changed)
    except ValueError:
        return False


def test_any_flipped_bit_of_a_manifest_is_noticed(copied):
    _, folder = copied
    stage = folder / EVALUATE.of(1)
    text = (stage / "manifest.json").read_bytes()
    for at in range(0, len(text), 37):
        changed = bytearray(text)
        changed[at] ^= 1
        (stage / "manifest.json").write_bytes(changed)
        if _says_the_same(text, changed):  # a tab for a line's end; a digit beyond a float's last
            continue
        with pytest.raises(IpipError, match=r"50_evaluate/manifest.json"):
            read_manifest(stage)


def test_manifests_and_stages_of_two_rounds_that_changed_places_are_noticed(copied):
    config, folder = copied
    settings = load_settings(config, RunSettings)
    first, second = folder / FINETUNE.of(0), folder / FINETUNE.of(1)

    def swap(name):
        (first / name).rename(first / "aside")
        (second / name).rename(first / name)
        (first / "aside").rename(second / name)

    swap("manifest.json")
    with pytest.raises(InputError, match=r"is the manifest of stage round_001/40_finetune"):
        run_loop(settings, folder)
    assert "is the manifest of stage round_001" in read_status(folder).problem
    swap("student.pt")  # now the two folders have changed places as a whole
    with pytest.raises(IpipError, match=r"is the manifest of stage round_001/40_finetune"):
        write_results(folder)
    swap("manifest.json")  # and now the students alone
    with pytest.raises(InputError, match=r"40_finetune: student.pt is missing or was changed"):
        run_loop(settings, folder)


def test_stages_of_another_run_with_other_results_are_noticed(copied):
    _, folder = copied
    text = (folder / LABEL.of(0) / "manifest.json").read_text()
    other = open_sealed(text)
    other["results"]["sizes"]["train"] += 1
    (folder / LABEL.of(0) / "manifest.json").write_text(sealed_text(other))
    with pytest.raises(IpipError, match=r"was made from other results of round_000/20_label"):
        write_results(folder)


@pytest.mark.parametrize("damage", ["empty", "flip", "gone"])
def test_a_good_best_student_is_not_overwritten_by_a_damaged_one(copied, damage):
    _, folder = copied
    best = json.loads((folder / "summary.json").read_text())["best_round"]
    source = folder / FINETUNE.of(best) / "student.pt"
    {"empty": lambda: source.write_bytes(b""), "flip": lambda: flip(source), "gone": source.unlink}[
        damage
    ]()
    before = contents(folder)
    with pytest.raises(IpipError, match=r"40_finetune: student.pt is missing or was changed"):
        write_results(folder)
    assert contents(folder) == before


def test_a_failed_copy_of_the_student_leaves_the_previous_one(copied, monkeypatch):
    _, folder = copied
    before = contents(folder)

    def torn(source, target):
        target.write_bytes(source.read_bytes()[:-1])

    monkeypatch.setattr(shutil, "copyfile", torn)
    with pytest.raises(IpipError, match=r"the copy for .*best/student.pt differs from it"):
        write_results(folder)
    assert contents(folder) == before


def test_a_damaged_stage_of_a_donor_is_not_reused(copied, tmp_path):
    config, donor = copied
    stage = RoundFactory(load_settings(config, RunSettings)).round(0, ())[0]
    flip(donor / stage.stage_id / "runs/alloy_00.lmdb")
    assert take_over(RunFolder(tmp_path / "other"), stage, {}, [donor]) is None
    assert not (tmp_path / "other" / stage.stage_id).exists()


DAMAGES = {
    "a manifest that is empty": lambda run: (run / LABEL.of(0) / "manifest.json").write_text(""),
    "a manifest without results": lambda run: (run / LABEL.of(0) / "manifest.json").write_text(
        '{"format_version": 3, "results": {}}'
    ),
    "a stage that is gone": lambda run: shutil.rmtree(run / LABEL.of(0)),
    "an output that is gone": lambda run: (run / LABEL.of(0) / "frames.csv").unlink(),
    "settings that were changed": lambda run: (run / "config.lock.yaml").write_text(
        (run / "config.lock.yaml").read_text().replace("rounds: 1", "rounds: 7")
    ),
    "settings that are gone": lambda run: (run / "config.lock.yaml").unlink(),
    "settings that are no text": lambda run: (run / "config.lock.yaml").write_bytes(b"\xff\xfe\0"),
}


VERBS = (["report"], ["status"], ["status", "--json"], ["ledger"], ["gc"], ["rewind"])


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_verb_reports_damage_in_one_sentence_and_changes_nothing(copied, capsys, damage):
    _, folder = copied
    DAMAGES[damage](folder)
    before = contents(folder)
    for name, *options in VERBS:
        if name == "gc" and damage in ("settings that were changed", "settings that are no text"):
            continue  # what is garbage does not depend on them
        target = ["round_001/40_finetune"] if name == "rewind" else []
        status = main([name, str(folder), *target, *options])
        err = capsys.readouterr().err
        assert status in (1, 2), name
        assert err.startswith("ipip: ") and err.count("\n") == 1, err
        assert "unexpected" not in err
        assert "config.lock.yaml" in err if "settings" in damage else "20_label" in err
        assert contents(folder) == before


def test_what_only_people_read_stops_no_verb_when_it_is_damaged(copied):
    _, folder = copied
    known = read_status(folder).summary
    rows = read_ledger(folder)
    (folder / "summary.json").write_text("{")
    (folder / "journal.jsonl").write_bytes(b'7\n[]\n{"event": 3}\n{"event"\n\xff\xff\n')
    (folder / "progress.json").write_text('{"stage": "round_001/15_harvest", "task": 5}')
    (folder / ".lock").write_text(json.dumps({"pid": os.getpid()}))
    state = read_status(folder)
    assert state.summary == known and state.problem is None and state.now is None
    assert read_ledger(folder) == rows
    (folder / ".lock").write_text("")
    write_results(folder)
    assert json.loads((folder / "summary.json").read_text()) == known


def test_rewind_goes_back_before_the_damage_but_not_after_it(copied):
    _, folder = copied
    flip(folder / "round_001/20_relabel/manifest.json")
    before = contents(folder)
    with pytest.raises(IpipError, match=r"nothing was moved: .*rewind to round_001/20_relabel"):
        rewind(folder, "round_001/40_finetune")
    assert contents(folder) == before
    _, names = rewind(folder, "round_001/20_relabel")
    assert names[0] == "round_001/20_relabel"
    assert [entry["round"] for entry in read_status(folder).summary["rounds"]] == [0]


def test_from_stage_moves_nothing_if_another_stage_is_in_the_way(copied):
    config, folder = copied
    flip(folder / TRAIN)
    before = contents(folder)
    with pytest.raises(InputError, match=r"20_label: train.xyz is missing"):
        run_loop(load_settings(config, RunSettings), folder, from_stage="round_001/50_evaluate")
    assert contents(folder) == before


def test_lost_settings_are_written_again_if_the_stages_were_made_with_the_given_ones(copied):
    config, folder = copied
    before = {path: path.stat().st_mtime_ns for path in folder.glob("round_*/*/manifest.json")}
    (folder / "config.lock.yaml").unlink()
    settings = load_settings(config, RunSettings)
    run_loop(settings, folder)
    assert read_config_lock(RunFolder(folder)) == settings.model_dump(mode="json")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_lost_settings_are_not_replaced_by_another_runs(copied):
    config, folder = copied
    (folder / "config.lock.yaml").unlink()
    before = contents(folder)
    settings = load_settings(config, RunSettings)
    settings = settings.model_copy(
        update={"teacher_md": settings.teacher_md.model_copy(update={"steps": 24})}
    )
    with pytest.raises(
        InputError, match=r"(?s)missing, and these settings differ from.*steps: 20 -> 24"
    ):
        run_loop(settings, folder, confirm=lambda text: True)
    assert contents(folder) == before


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_a_missing_or_empty_trajectory_is_reported_before_it_is_harvested(copied, damage):
    config, folder = copied
    rewind(folder, "round_001/15_harvest")
    dump = folder / "round_001/10_explore/runs/alloy_01/trajectory.dump"
    if damage == "gone":
        dump.unlink()
    else:
        dump.write_bytes(b"")
    with pytest.raises(
        InputError, match=r"alloy_01: trajectory.dump is missing or was changed .*ipip rewind"
    ):
        run_loop(load_settings(config, RunSettings), folder)


def test_damaged_work_of_a_killed_stage_is_repeated_with_the_same_result(copied):
    config, folder = copied
    summary = json.loads((folder / "summary.json").read_text())
    left = {
        "round_000/10_explore": "runs/alloy_00.lmdb",
        "round_000/30_pretrain": "training/best.ckpt",
        "round_000/40_finetune": "training/training.json",
        "round_001/40_finetune": "training/result.json",
        "round_001/10_explore": "runs/alloy_00/verdict.json",
        "round_001/50_evaluate": "runs/alloy_00/trajectory.dump",
    }
    for stage, name in left.items():
        (folder / stage / "manifest.json").unlink()
        flip(folder / stage / name)
    after = run_loop(load_settings(config, RunSettings), folder, confirm=lambda text: True)
    assert without_times(after) == without_times(summary)
