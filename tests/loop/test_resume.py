"""A run that is killed and started again ends as an unbroken one does."""

import json
import signal
import time
from pathlib import Path

import pytest

from ipip.loop.folder import stage_id

KILL_WHEN = (
    stage_id(0, "10_explore") + "/runs/alloy_00.json",
    stage_id(0, "30_pretrain") + "/training/last.ckpt",
    stage_id(1, "10_explore") + "/runs/alloy_00/run.json",
    stage_id(1, "40_finetune") + "/training/training.json",
)


def wait_for(path: Path, process, seconds: float = 60) -> bool:
    """Wait until the path is there; False where the process ended before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    raise AssertionError(f"{path} did not appear in {seconds} s")


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k != "us_per_atom_step"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
def test_killed_at_several_moments_it_ends_like_an_unbroken_run(
    finished_run, write_inputs, start_ipip, tmp_path
):
    config = write_inputs(tmp_path)
    run = tmp_path / "run"
    for marker in KILL_WHEN:
        process = start_ipip("run", config, "--dir", run)
        if wait_for(run / marker, process):
            process.kill()
        process.communicate()
    process = start_ipip("run", config, "--dir", run)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "was done before" in out
    _, unbroken = finished_run
    expected = json.loads((unbroken / "summary.json").read_text())
    found = json.loads((run / "summary.json").read_text())
    assert without_times(found) == without_times(expected)


def test_sigterm_leaves_a_folder_that_continues_and_says_so(
    finished_run, write_inputs, start_ipip, tmp_path
):
    config = write_inputs(tmp_path)
    run = tmp_path / "run"
    process = start_ipip("run", config, "--dir", run)
    assert wait_for(run / stage_id(0, "10_explore") / "started.json", process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "stopped by SIGTERM" in err
    assert "the same command continues" in err
    assert (run / ".lock").read_text() == ""
