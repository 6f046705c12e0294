"""A run whose pretraining queries the teacher for more than labels: real EMT, real LAMMPS."""

from __future__ import annotations

import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.loop.run import run_loop
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.rounds import RoundFactory
from ipip.stages.teacher_md import TEACHER_MD
from ipip.study.outcome import teacher_calls

FIRST = PRETRAIN.of(0)


@pytest.mark.slow
def test_the_evaluations_of_a_method_are_counted_and_part_of_the_stages_key(tmp_path, write_inputs):
    plain = {"max_epochs": 2, "batch_size": 4, "tensorboard": False}
    method = {"kind": "hessian", "max_calls": 6}
    config = write_inputs(tmp_path, rounds=0, pretrain=plain | {"method": method})
    settings = load_settings(config, RunSettings)
    folder = RunFolder(tmp_path / "run")
    run_loop(settings, folder.root)
    manifests = read_manifests(folder)
    assert PRETRAIN.read(manifests, 0).method == "hessian"
    assert manifests[FIRST].teacher_calls == 6
    explored = TEACHER_MD.read(manifests, 0).runs
    assert teacher_calls(manifests, [0]) == sum(run.step for run in explored) + 6
    assert "train_hessian" in (folder.stage(FIRST) / "training" / "metrics.csv").read_text()

    def part(changed: dict) -> dict:
        values = settings.model_dump() | {"pretrain": plain | changed}
        stages = RoundFactory(RunSettings.model_validate(values)).round(0, ())
        return next(stage.settings for stage in stages if stage.stage_id == FIRST)

    assert part({"method": method}) != part({"method": method | {"rows": 2}}) != part({})
    assert "method" not in part({})["pretrain"]  # as before there were methods
    assert "teacher" in part({"method": method}) and "teacher" not in part({"method": "frad"})
