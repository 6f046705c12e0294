"""The fields of settings state whether they decide results, and nothing else does."""

from pathlib import Path

from ipip.config.cp2k import Cp2kSettings
from ipip.config.influence import (
    fields_without_influence,
    files_by_name,
    influence_of,
    paths_without_influence,
    with_files_by_name,
    without_influence_as_default,
)
from ipip.config.load import resolve_paths
from ipip.config.md import StudentMDSettings
from ipip.config.pretraining import PretrainSettings
from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.config.teacher import TeacherSettings
from ipip.config.training import TrainingSettings


def test_a_training_does_not_depend_on_where_how_fast_or_how_watched_it_is():
    expected = {
        "accelerator",
        "cache_mb",
        "checkpoint_every",
        "tensorboard",
        "wandb_project",
        "workers",
    }
    assert fields_without_influence(TrainingSettings) == expected
    assert fields_without_influence(PretrainSettings) == expected


def test_a_label_does_not_depend_on_how_many_are_made_at_a_time():
    skipped = {"batch", "call_timeout", "interpreter", "start_timeout", "workers"}
    assert fields_without_influence(TeacherSettings) == skipped
    assert fields_without_influence(Cp2kSettings) == {"command"}


def test_what_decides_the_rounds_is_no_stages_setting():
    assert {name: influence_of(RunSettings, name) for name in ("rounds", "stop", "systems")} == {
        "rounds": "rounds",
        "stop": "rounds",
        "systems": None,
    }


def test_paths_lead_into_blocks_and_lists():
    values = quick_values() | {"active": {"frames": 1, "level": {"kind": "tblite"}}}
    paths = paths_without_influence(RunSettings.model_validate(values))
    assert {"finetune.workers", "student_md.restart_interval", "active.level.workers"} <= paths
    assert "resources" in paths and "finetune.batch_size" not in paths
    assert paths_without_influence([TeacherSettings()], "levels") >= {"levels[0].workers"}


def test_digests_count_the_defaults_of_what_has_no_influence():
    md = StudentMDSettings(steps=10, restart_interval=7, skin=1.5)
    assert without_influence_as_default(md) == StudentMDSettings(steps=10, skin=1.5)


def test_settings_that_moved_with_their_files_are_the_same():
    settings = RunSettings.model_validate(quick_values())
    here, there = (files_by_name(resolve_paths(settings, Path(at))) for at in ("/here", "/there"))
    assert here == there and here["reference"]["data"][0]["path"].endswith(".xyz")
    assert here["reference"]["data"][0]["path"] == settings.reference.data[0].path.name
    assert here == files_by_name(settings) and here["seed"] == settings.seed


def test_recorded_settings_of_another_version_are_compared_as_they_are():
    settings = StudentMDSettings(steps=10)
    recorded = settings.model_dump(mode="json") | {"renamed": 1}
    assert with_files_by_name(recorded, settings) == (recorded, settings.model_dump(mode="json"))
    same, now = with_files_by_name(settings.model_dump(mode="json"), settings)
    assert same == now
