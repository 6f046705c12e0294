"""Finished stages of one run serve another."""

from pathlib import Path

import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.pipeline import reuse
from ipip.pipeline.reuse import take_over
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.rounds import RoundFactory
from ipip.stages.teacher_md import TEACHER_MD

EXPLORE = TEACHER_MD.of(0)


@pytest.fixture
def first_stage(finished_run):
    config, donor = finished_run
    factory = RoundFactory(load_settings(config, RunSettings))
    stage = next(stage for stage in factory.round(0, ()) if stage.stage_id == EXPLORE)
    return stage, donor


def test_a_stage_of_the_same_key_is_reused_whole(first_stage, tmp_path):
    stage, donor = first_stage
    run = RunFolder(tmp_path)
    manifest = take_over(run, stage, {}, [tmp_path / "none", donor])
    assert manifest == read_manifests(RunFolder(donor))[EXPLORE]
    assert read_manifests(run) == {EXPLORE: manifest}
    assert not (tmp_path / reuse.PARTIAL).exists()


def test_a_copy_that_was_killed_counts_for_nothing_and_is_made_again(
    first_stage, tmp_path, monkeypatch
):
    stage, donor = first_stage
    run = RunFolder(tmp_path)

    def killed(path, target):
        assert (path / "manifest.json").is_file()  # everything is copied
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            take_over(run, stage, {}, [donor])
    assert read_manifests(run) == {}
    assert take_over(run, stage, {}, [donor]) is not None
    assert list(read_manifests(run)) == [EXPLORE]
