"""A stage's training as a task: the same student as in the stage, by one process or by several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.errors import InputError
from ipip.execution.perform import perform_file
from ipip.execution.task import read_header, read_result, write_task
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.stage import Round, StageRun
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.finetune import FINETUNE
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.work.stage_task import TrainingTask


def written(copied: tuple[Path, Path], folder: Path) -> Path:
    """Write the fine-tuning of round 0, into another folder, as a task."""
    config, root = copied
    run = RunFolder(root)
    manifests = read_manifests(run)
    within = Round(load_settings(config, RunSettings), 0)
    own = {name: manifests[name] for name in FINETUNE.inputs(within)}
    stage_run = StageRun(run, folder / "40_finetune", own, SilentReporter(), within)
    return write_task(TrainingTask(stage_run, "finetune"), folder / "tasks", lease_s=30.0)


def test_a_training_task_makes_the_record_of_the_stage(copied, tmp_path):
    result = perform_file(written(copied, tmp_path))
    stage = read_manifests(RunFolder(copied[1]))[FINETUNE.of(0)]
    assert result["value"]["record"] == stage.results
    assert FINETUNE.record.STUDENT in {Path(name).name for name in result["files"]}


def test_a_training_task_whose_input_has_changed_is_refused(copied, tmp_path):
    file = written(copied, tmp_path)
    (RunFolder(copied[1]).stage(PRETRAIN.of(0)) / "manifest.json").unlink()
    with pytest.raises(InputError, match="differs from the one for which this task was written"):
        perform_file(file)


@pytest.mark.slow
def test_processes_of_torchrun_perform_a_training_task_together(copied, tmp_path):
    file = written(copied, tmp_path)
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--no-python", "--standalone"),
        *("--nproc-per-node", "2", sys.executable, "-m", "ipip.cli.task_process", str(file)),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    result = read_result(file.parent, read_header(file)["digest"])
    stage = read_manifests(RunFolder(copied[1]))[FINETUNE.of(0)]
    assert result is not None and result["attempt"] == 1
    assert result["value"]["record"]["steps"] == stage.results["steps"]
    found = result["value"]["record"]["validation"]["force_mae_ev_per_a"]
    expected = stage.results["validation"]["force_mae_ev_per_a"]
    assert found == pytest.approx(expected, rel=0.05)
