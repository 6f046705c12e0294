"""A run that is killed and started again ends as an unbroken one does."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from tests.loop.conftest import without_times

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import frames_digest
from ipip.loop.run import run_loop
from ipip.records.journal import read_events
from ipip.records.run_folder import RunFolder
from ipip.stages.teacher_md import TEACHER_MD
from ipip.views.ledger import read_ledger
from ipip.views.pretraining_frames import open_pretraining_set
from ipip.views.status import Now, read_now, read_status

# Fifty make it a thorough check: IPIP_TEST_KILLS=50 pytest -n0 tests/loop/test_resume.py
KILLS = int(os.environ.get("IPIP_TEST_KILLS", "4"))
NOTHING = Now("", None, 0, 0, 0.0, None)
SPREAD_S = 1.2  # a driver lives at most this long after it began to work


def drive(config: Path, run: Path) -> None:
    """Run the loop in a separate process."""
    run_loop(load_settings(config, RunSettings), run)


def wait_for(path: Path, process, seconds: float = 60) -> bool:
    """Wait until the path exists; False if the process ended before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    raise AssertionError(f"{path} did not appear in {seconds} s")


def work_of(run: Path) -> int:
    """Number of times that a driver began in this folder."""
    return sum(event["event"] == "run_started" for event in read_events(run / "journal.jsonl"))


@pytest.fixture(scope="module")
def processes():
    """Start processes that have everything imported, so that their lives are spent on the run."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ipip.loop.run", "torch", "ase.calculators.emt"])
    return context


@pytest.mark.slow
@pytest.mark.timeout(60 + 10 * KILLS)
def test_killed_at_random_moments_it_ends_like_an_unbroken_run(
    finished_run, write_inputs, processes, tmp_path
):
    config = write_inputs(tmp_path)
    run = tmp_path / "run"
    rng = random.Random(20250)
    killed = set()
    for _ in range(KILLS):
        before = work_of(run)
        process = processes.Process(target=drive, args=(config, run))
        process.start()
        while work_of(run) == before and process.is_alive():
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, SPREAD_S))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            now = next((s for s in read_status(run).stages if s.state != "done"), None)
            killed.add(now.stage_id if now else "results")
        process.join()
        if (run / "summary.json").exists() and "run_finished" in {
            event["event"] for event in read_events(run / "journal.jsonl")
        }:  # it ended before all the kills: resume somewhere in the middle
            (run / "journal.jsonl").unlink()
            names = sorted(path.parent for path in run.glob("round_*/*/manifest.json"))
            for path in names[rng.randrange(len(names)) :]:
                (path / "manifest.json").unlink()
    assert killed, "no driver was alive when its time came"
    process = processes.Process(target=drive, args=(config, run))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    _, unbroken = finished_run
    expected = json.loads((unbroken / "summary.json").read_text())
    found = json.loads((run / "summary.json").read_text())
    assert without_times(found) == without_times(expected)
    assert read_ledger(run) == read_ledger(unbroken)
    last = [open_pretraining_set(folder, 1) for folder in (run, unbroken)]
    assert frames_digest(last[0]) == frames_digest(last[1])
    print(f"{KILLS} kills, in {len(killed)} different stages: {', '.join(sorted(killed))}")


def test_at_sigterm_the_teachers_md_stores_its_state(write_inputs, start_ipip, tmp_path):
    md = {"temperature": 300.0, "thermostat": "langevin", "steps": 10**6, "frame_interval": 10**6}
    config = write_inputs(tmp_path, teacher_md=md | {"checkpoint_interval": 10**6})
    run = tmp_path / "run"
    process = start_ipip("run", config, "--dir", run)
    assert wait_for(run / "progress.json", process)
    while not (read_now(RunFolder(run)) or NOTHING).done:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and "stopped by SIGTERM" in err
    (state,) = run.glob("round_000/10_explore/runs/*.state.npz")
    with np.load(state) as stored:
        assert json.loads(str(stored["header"]))["step"] > 0


def test_sigterm_leaves_a_folder_that_continues_and_says_so(
    finished_run, write_inputs, start_ipip, tmp_path
):
    config = write_inputs(tmp_path)
    run = tmp_path / "run"
    process = start_ipip("run", config, "--dir", run)
    assert wait_for(run / TEACHER_MD.of(0) / "started.json", process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "stopped by SIGTERM" in err
    assert "the same command continues" in err
    assert (run / ".lock").read_text() == ""
    assert not (run / "progress.json").exists()
