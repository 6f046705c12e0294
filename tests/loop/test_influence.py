"""Settings without influence on results: a finished run stays valid for any of their values."""

import json

import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.loop.run import run_loop
from ipip.loop.schedule import build_schedule
from ipip.pipeline.validity import validity_of
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.rounds import RoundFactory
from ipip.storage.digest import json_digest
from ipip.storage.sealed import read_sealed, sealed_text


def invalid(folder, settings):
    """Return which finished stages of a run do not hold with these settings, and why."""
    run = RunFolder(folder)
    manifests = read_manifests(run)
    make_round = RoundFactory(settings).round
    schedule = build_schedule(make_round, manifests, settings.stop, settings.rounds)
    validity = validity_of(run, schedule.stages, manifests)
    assert validity.done or validity.invalid
    return validity.invalid


def changed(settings, **blocks):
    """Return settings with other values in some blocks, checked like a file's."""
    values = json.loads(settings.model_dump_json())
    for name, own in blocks.items():
        values[name] = values[name] | own
    return RunSettings.model_validate(values)


@pytest.mark.parametrize(
    "blocks",
    [
        {"finetune": {"workers": 3}},
        {"finetune": {"cache_mb": 17.0}},
        {"finetune": {"wandb_project": "curves"}},
        {"finetune": {"tensorboard": True, "accelerator": "cpu", "checkpoint_every": 2}},
        {"pretrain": {"workers": 3, "cache_mb": 17.0, "wandb_project": "curves"}},
        {"teacher": {"workers": 3, "batch": 2, "start_timeout": 77.0, "call_timeout": 77.0}},
        {"teacher_md": {"checkpoint_interval": 7}, "student_md": {"restart_interval": 7}},
        {"resources": {"lammps_runs": 2}},
    ],
    ids=lambda blocks: " ".join(f"{name}.{key}" for name, own in blocks.items() for key in own),
)
def test_what_has_no_influence_makes_no_finished_stage_invalid(finished_run, blocks):
    config, folder = finished_run
    assert invalid(folder, changed(load_settings(config, RunSettings), **blocks)) == {}


def test_what_has_influence_still_makes_one_invalid(finished_run):
    config, folder = finished_run
    settings = changed(load_settings(config, RunSettings), finetune={"workers": 3, "batch_size": 2})
    reasons = invalid(folder, settings)
    assert reasons["round_000/40_finetune"] == "finetune.batch_size: 4 -> 2"


def with_settings_of_before(folder, stage):
    """Make a stage's record what earlier versions wrote: with settings that decide nothing."""
    path = folder / stage / "manifest.json"
    record = read_sealed(path)
    record["settings"]["finetune"] |= {"workers": 0, "cache_mb": 4096.0, "checkpoint_every": 1}
    inputs = record["inputs"]
    record["key"] = json_digest(
        {
            "stage": record["stage"],
            "settings": record["settings"],
            "code": record["code"],
            "inputs": inputs,
        }
    )
    path.write_text(sealed_text(record))


def test_a_stage_whose_record_holds_more_settings_is_still_done(copied):
    config, folder = copied
    with_settings_of_before(folder, "round_000/40_finetune")
    settings = load_settings(config, RunSettings)
    assert invalid(folder, settings) == {}
    reasons = invalid(folder, changed(settings, finetune={"batch_size": 2}))
    assert reasons["round_000/40_finetune"] == "finetune.batch_size: 4 -> 2"


def test_an_unfinished_stage_whose_record_holds_more_settings_is_continued(copied):
    config, folder = copied
    stage = folder / "round_001/50_evaluate"
    begun = read_sealed(stage / "started.json")
    more = begun["settings"] | {
        "student_md": begun["settings"]["student_md"] | {"restart_interval": 9}
    }
    manifest = read_sealed(stage / "manifest.json")
    key = json_digest(
        {
            "stage": manifest["stage"],
            "settings": more,
            "code": manifest["code"],
            "inputs": manifest["inputs"],
        }
    )
    (stage / "started.json").write_text(sealed_text(begun | {"key": key, "settings": more}))
    (stage / "manifest.json").unlink()
    (stage / "left.txt").write_text("of the attempt before")
    run_loop(load_settings(config, RunSettings), folder)
    assert (stage / "left.txt").exists() and (stage / "manifest.json").exists()
