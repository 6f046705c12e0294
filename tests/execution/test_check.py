"""What this machine, or a cluster, lacks is named before anything is submitted."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ipip.cli.main import app
from ipip.errors import InputError
from ipip.execution.executor import open_executor
from tests.execution.test_blocks import settings
from tests.loop.conftest import write_run_inputs


def refused(says):
    return pytest.raises(InputError, match=says)


def test_a_missing_scheduler_is_named_before_anything_is_submitted(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    slurm = settings(resources={"here": {"scheduler": "pbs"}})
    with refused(r"resources.here: .*needs the command 'qsub'"), open_executor(slurm, tmp_path):
        pass
    assert not (tmp_path / "execution").exists()


def test_a_scratch_that_nodes_cannot_see_is_named_before_anything_is_submitted(
    tmp_path, monkeypatch
):
    for name in ("qsub", "qdel", "qstat"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    elsewhere = settings(resources={"here": {"scheduler": "pbs"}}, scratch=Path("/dev/shm/scratch"))
    run = Path(__file__).parent  # on a disk
    says = r"execution.scratch, /dev/shm/scratch, lies on tmpfs"
    with refused(says), open_executor(elsewhere, run):
        pass
    pods = {"scheduler": "kubernetes", "image": "ipip", "volumes": {"data": "/data"}}
    on_pods = settings(resources={"here": pods})
    with refused("lies in none of the volumes of resource here"), open_executor(on_pods, run):
        pass


def test_a_scratch_that_cannot_be_written_is_named_before_anything_is_submitted(tmp_path):
    (tmp_path / "file").touch()
    on_a_file = settings(scratch=tmp_path / "file" / "scratch")
    with refused(r"execution.scratch is .*file is no folder"), open_executor(on_a_file, tmp_path):
        pass
    not_on_a_disk = settings(scratch=Path("/proc/scratch"))
    says = r"execution.scratch is /proc/scratch, and /proc cannot be written \("
    with refused(says), open_executor(not_on_a_disk, tmp_path):
        pass
    assert not (tmp_path / "execution").exists()


def test_validate_refuses_what_the_run_would_refuse_and_checks_the_rest_elsewhere(
    tmp_path, monkeypatch
):
    execution = settings(resources={"here": {"scheduler": "lsf"}}).model_dump(mode="json")
    config = str(write_run_inputs(tmp_path, execution=execution))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    found = CliRunner().invoke(app, ["validate", config, "--without-teacher"])
    assert isinstance(found.exception, InputError)
    assert "resources.here: scheduler lsf needs the command 'bsub'" in str(found.exception)
    elsewhere = ["validate", config, "--without-teacher", "--without-cluster"]
    found = CliRunner().invoke(app, elsewhere)
    assert found.exit_code == 0, found.output
