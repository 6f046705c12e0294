"""A scheduler's variables do not affect a training: it trains alone unless torchrun starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ipip.cli.main import main
from ipip.config.training import TrainingSettings
from ipip.data import Frame, write_frames
from ipip.models import Student
from ipip.train import fit
from ipip.train.fitting.rate_finder import find_rate

SETTINGS = """\
data: [{path: copper.xyz}]
split: {valid: 4, test: 4}
student: {channels: 8, layers: 1, cutoff: 4.0}
training: {max_epochs: 1, tensorboard: false}
"""
SLURM = {"SLURM_JOB_ID": "17", "SLURM_NTASKS": "65", "SLURM_PROCID": "3", "SLURM_NODEID": "1"}
SCHEDULERS = {
    "Slurm, in a batch script": SLURM | {"SLURM_JOB_NAME": "loop"},
    "Slurm, tasks for each node": SLURM | {"SLURM_JOB_NAME": "x", "SLURM_NTASKS_PER_NODE": "65"},
    "Slurm, srun --pty bash": SLURM | {"SLURM_JOB_NAME": "bash"},
    "LSF": {
        "LSB_JOBID": "1",
        "LSB_DJOB_RANKFILE": "missing",
        "JSM_NAMESPACE_LOCAL_RANK": "1",
        "JSM_NAMESPACE_RANK": "1",
        "JSM_NAMESPACE_SIZE": "4",
    },
    "Open MPI": {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "1"},
    "Kubeflow": {"KUBERNETES_PORT": "x", "MASTER_ADDR": "a", "MASTER_PORT": "1", "RANK": "1"},
    "torchrun with one process": {"TORCHELASTIC_RUN_ID": "none", "RANK": "0", "WORLD_SIZE": "1"},
}


@pytest.fixture
def folder(copper: list[Frame], tmp_path: Path) -> Path:
    """Settings of a training of one epoch, with its frames."""
    write_frames(tmp_path / "copper.xyz", copper)
    (tmp_path / "a.yaml").write_text(SETTINGS)
    return tmp_path


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_training_in_a_job_of_many_tasks_trains_alone(
    scheduler: str,
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = fit(student, copper[:10], copper[10:12], settings, tmp_path / "a", seed=1)
    for name, value in SCHEDULERS[scheduler].items():
        monkeypatch.setenv(name, value)
    in_a_job = fit(student, copper[:10], copper[10:12], settings, tmp_path / "b", seed=1)
    assert in_a_job.history[-1]["train_loss"] == alone.history[-1]["train_loss"]
    assert find_rate(student, copper[:20], [], settings, seed=1).suggestion > 0.0


def test_a_training_under_a_launcher_of_mpi_does_not_start_mpi(folder: Path) -> None:
    """MPI_Init aborts where the launcher of these variables does not answer."""
    ended = subprocess.run(
        [Path(sys.executable).parent / "ipip", "train", folder / "a.yaml", "--quiet"],
        env=os.environ | {"PMI_SIZE": "65", "PMI_RANK": "0", "PMI_FD": "7"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("trained 7 steps")


def test_half_of_the_variables_of_torchrun_are_refused_with_what_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "0")
    assert main(["train", str(folder / "a.yaml"), "--quiet"]) == 2
    message = capsys.readouterr().err
    assert "WORLD_SIZE is 4, but LOCAL_RANK, MASTER_ADDR, MASTER_PORT are not set" in message
    monkeypatch.setenv("WORLD_SIZE", "four")
    assert main(["train", str(folder / "a.yaml"), "--quiet"]) == 2
    assert "WORLD_SIZE is 'four'; expected a number of processes" in capsys.readouterr().err
