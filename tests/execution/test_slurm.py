"""Blocks of a real Slurm with two nodes: whatever is killed, the work ends with the same result."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ipip.config.execution import ExecutionSettings
from ipip.data import read_frames
from ipip.execution.listing import list_tasks
from ipip.execution.record import read_execution
from ipip.execution.teacher_md import read_record
from ipip.views.status import read_status
from tests.execution.slurm import NODES, Slurm, free_ports, long
from tests.execution.teacher_md_driver import NAMES, drive
from tests.loop.conftest import without_times, write_run_inputs

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("nothing_is_left")]
STEPS = 160  # of a trajectory: 8 s at least
LAST_WORDS = "from ipip.cli.main import main; raise SystemExit(main())"


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The trajectories of an undisturbed run, here."""
    folder = tmp_path_factory.mktemp("expected")
    drive(folder, STEPS, ExecutionSettings(), pause=0.0)
    return trajectories(folder)


def trajectories(folder: Path) -> list[np.ndarray]:
    found = []
    for name in NAMES:
        record = read_record(folder / "runs", name)
        assert record is not None and record["state"] == "finished"
        frames = read_frames(folder / "runs" / f"{name}.lmdb")
        found.append(np.stack([[frame.positions, frame.forces] for frame in frames]))
    return found


def same(found: list[np.ndarray], expected: list[np.ndarray]) -> bool:
    """A trajectory that is continued sums in another order: equal but for rounding."""
    return all(
        one.shape == other.shape and np.allclose(one, other, rtol=0, atol=1e-6)
        for one, other in zip(found, expected, strict=True)
    )


def execution(*works: str, **resource):
    own = {"scheduler": "slurm", "walltime": "00:30:00", "cores": 2, "tasks_per_node": 1}
    return {
        "kind": "parsl",
        "resources": {"nodes": own | {"most_blocks": 2} | resource},
        "work": dict.fromkeys(works, "nodes"),
        "bundle_s": 0,
        "lease_s": 4,
        "poll_s": 1,
        "retries": 6,
        "address": "127.0.0.1",
    }


def start_driver(
    slurm: Slurm,
    folder: Path,
    steps: int = STEPS,
    *,
    pause: float = 0.05,
    records: Path | None = None,
    settings: dict | None = None,
    **resource,
):
    plain = json.dumps(execution("teacher_md", **resource) | (settings or {}))
    module = "tests.execution.teacher_md_driver"
    return slurm.start_driver("-m", module, folder, steps, plain, pause, records or folder)


def finish(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=800)
    assert process.returncode == 0, said
    return said


def wait_until(ready, process, seconds=300.0):
    end = time.monotonic() + seconds
    while not ready():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def running_tasks(run: Path) -> int:
    state = read_execution(run)
    return 0 if state is None else sum(task.state == "running" for task in state.tasks)


def states_written(folder: Path) -> int:
    return len(list((folder / "runs").glob("*.state.npz")))


@long
def test_a_cancelled_block_and_a_driver_killed_leave_work_that_ends_the_same(
    slurm, expected, tmp_path
):
    driver = start_driver(slurm, tmp_path)
    wait_until(lambda: states_written(tmp_path) >= 1, driver)
    slurm.run("scancel", slurm.jobs()[0])
    wait_until(lambda: states_written(tmp_path) >= 2, driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    left = slurm.jobs("R,PD")
    said = finish(start_driver(slurm, tmp_path))
    assert all(f"block {job} of an earlier driver was cancelled" in said for job in left)
    assert same(trajectories(tmp_path), expected)
    listed = list_tasks(tmp_path)
    assert [task.state for task in listed] == ["done"] * len(NAMES)
    assert sum(task.attempts for task in listed) > len(NAMES)
    assert not slurm.jobs("R,PD")


@long
def test_a_node_that_dies_and_a_scheduler_that_is_away_cost_only_time(slurm, expected, tmp_path):
    driver = start_driver(slurm, tmp_path)
    wait_until(lambda: running_tasks(tmp_path) == 2 and states_written(tmp_path) >= 1, driver)
    slurm.kill_node(NODES[0])
    slurm.kill("slurmctld")
    time.sleep(10)
    slurm.start_controller()
    slurm.start_node(NODES[0])
    finish(driver)
    assert same(trajectories(tmp_path), expected)
    state = read_execution(tmp_path)
    assert state is not None and state.failures
    assert "lost" in state.failures[0]["why"]


@long
def test_a_walltime_of_a_minute_stops_a_task_that_continues_elsewhere(slurm, tmp_path):
    steps = 1800  # 90 s at least
    folder = tmp_path / "expected"
    drive(folder, steps, ExecutionSettings(), pause=0.0)
    driver = start_driver(slurm, tmp_path / "run", steps, walltime="00:01:00")
    finish(driver)
    assert same(trajectories(tmp_path / "run"), trajectories(folder))
    listed = list_tasks(tmp_path / "run")
    assert all(task.attempts > 1 for task in listed)
    assert ends_of_attempts(tmp_path / "run").count("stopped") >= len(listed)
    state = read_execution(tmp_path / "run")
    assert state is not None and not state.failures  # the walltime is no failure


def ends_of_attempts(run: Path) -> list[str]:
    leases = (path for task in list_tasks(run) for path in task.file.parent.glob("lease.[0-9]*"))
    return [json.loads(path.read_text()).get("ended", "") for path in leases]


@long
def test_a_signal_before_the_walltime_lets_a_task_that_needs_seconds_store_its_state(
    slurm, tmp_path
):
    steps, pause = 20, 2.0  # an evaluation ends seconds after the signal; no state before it
    folder = tmp_path / "expected"
    drive(folder, steps, ExecutionSettings(), pause=0.0)
    run = tmp_path / "run"
    driver = start_driver(slurm, run, steps, pause=pause)
    calls = run / "calls"
    wait_until(lambda: calls.exists() and len(calls.read_text()) > 3, driver)
    for job in slurm.jobs():
        slurm.run("scancel", "--signal=TERM", job)  # as --signal=TERM@30 does
    wait_until(lambda: states_written(run) > 0, driver)
    finish(driver)
    assert same(trajectories(run), trajectories(folder))
    assert "stopped" in ends_of_attempts(run)
    state = read_execution(run)
    assert state is not None and not state.failures
    assert "FAILED" not in {block.state for block in state.blocks}


@long
def test_blocks_that_end_before_they_work_end_the_run_with_their_message(slurm, tmp_path):
    driver = start_driver(slurm, tmp_path, environment=["echo no such module >&2; exit 3"])
    said, _ = driver.communicate(timeout=300)
    assert driver.returncode != 0
    assert "blocks end before they work" in said and "no such module" in said
    assert not slurm.jobs("R,PD")


@long
def test_a_queue_that_does_not_exist_ends_the_run_with_the_schedulers_message(slurm, tmp_path):
    driver = start_driver(slurm, tmp_path, queue="gpu")
    said, _ = driver.communicate(timeout=300)
    assert driver.returncode != 0
    assert "the scheduler refuses blocks" in said and "invalid partition" in said


@long
def test_a_scheduler_that_is_away_for_minutes_costs_only_time(slurm, expected, tmp_path):
    slurm.kill("slurmctld")
    driver = start_driver(slurm, tmp_path)
    time.sleep(100)
    assert driver.poll() is None
    slurm.start_controller()
    said = finish(driver)
    assert "tried again for up to" in said
    assert same(trajectories(tmp_path), expected)


@long
def test_a_scheduler_that_has_forgotten_its_jobs_gives_new_blocks(slurm, expected, tmp_path):
    driver = start_driver(slurm, tmp_path, most_blocks=1)
    wait_until(lambda: states_written(tmp_path) >= 1, driver)
    slurm.kill("slurmctld")
    for node in NODES:
        slurm.kill_node(node)
    slurm.start_controller("-c")  # without the state that it had
    for node in NODES:
        slurm.start_node(node)
    finish(driver)
    assert same(trajectories(tmp_path), expected)


@long
def test_two_drivers_of_the_same_work_do_each_task_once(slurm, expected, tmp_path):
    shared = {"scratch": str(tmp_path / "scratch"), "lease_s": 20}
    drivers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        drivers.append(
            start_driver(slurm, tmp_path, most_blocks=1, records=tmp_path / name, settings=shared)
        )
    for driver in drivers:
        finish(driver)
    assert same(trajectories(tmp_path), expected)
    listed = list_tasks(tmp_path / "scratch")
    assert [task.attempts for task in listed] == [1] * len(NAMES)
    assert all(len(list(task.file.parent.glob("result*"))) == 1 for task in listed)


@long
def test_the_small_loop_through_slurm_ends_as_the_local_one_though_its_driver_is_killed(
    slurm, tmp_path
):
    works = ("teacher_md", "teacher_labels", "student_md", "stability", "evaluation", "training")
    configs = [
        write_run_inputs(tmp_path / "local"),
        write_run_inputs(tmp_path / "slurm", execution=execution(*works) | {"bundle_s": 600}),
    ]
    local, run = (config.parent / "run" for config in configs)
    finish(slurm.start_driver("-c", LAST_WORDS, "run", configs[0], "--dir", local))
    driver = slurm.start_driver("-c", LAST_WORDS, "run", configs[1], "--dir", run)
    wait_until(lambda: running_tasks(run) > 0, driver)
    state = read_status(run)
    assert state.execution is not None and state.execution.blocks
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    finish(slurm.start_driver("-c", LAST_WORDS, "run", configs[1], "--dir", run))
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (local, run)]
    assert without_times(summaries[1]) == without_times(summaries[0])
    assert {task.kind for task in list_tasks(run)} == {
        *("teacher_md", "labels", "student_md", "evaluation", "training")
    }
    assert os.path.exists(run / "report" / "report.html")


@long
def test_a_training_over_nodes_and_md_over_ranks_are_started_by_their_launchers(slurm, tmp_path):
    torchrun = (
        "srun --nodes 2 --ntasks 2 torchrun --no-python --nnodes 2 --nproc-per-node 1 "
        f"--local-addr 127.0.0.1 --rdzv-backend c10d --rdzv-endpoint 127.0.0.1:{free_ports(1)[0]}"
    )
    node = {"scheduler": "slurm", "walltime": "00:30:00", "cores": 1}
    node["environment"] = [f"export PATH={Path(sys.executable).parent}:$PATH"]
    own = execution("training") | {
        "resources": {
            "training": node | {"nodes": 2, "launcher": torchrun},
            "ranks": node | {"launcher": "mpirun -n 2"},
        },
        "work": {"training": "training", "stability": "ranks"},
    }
    config = write_run_inputs(tmp_path, execution=own, rounds=0, stability={"runs": 2})
    run = tmp_path / "run"
    finish(slurm.start_driver("-c", LAST_WORDS, "run", config, "--dir", run))
    listed = list_tasks(run)
    assert [task.state for task in listed] == ["done"] * len(listed)
    assert {task.kind for task in listed} == {"training", "student_md"}
    assert json.loads((run / "summary.json").read_text())["rounds"][0]["failures"]["total"] == 2
