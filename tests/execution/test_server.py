"""A worker's tasks share a process and a teacher, and whatever ends it ends one task alone."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.execution.labels import LabelTask
from ipip.execution.lease import holder_of
from ipip.execution.perform import STOPPED
from ipip.execution.pilot import UNSEEN, _Server, run_task
from ipip.execution.task import read_header, read_result, write_task
from ipip.execution.teacher_md import TeacherMDTask, read_record
from ipip.teachers import MDJob
from tests.execution.test_task import EMT, frames

OTHER = TeacherSettings(kind="ase", import_path="ase.calculators.emt:EMT", start_timeout=100.0)
# As a worker: what it runs ends with it.
WORKER = """
import sys
from ipip.execution.pilot import run_task
print(*run_task(sys.argv[1], sys.argv[2], "", 1.0))
"""


@pytest.fixture(autouse=True)
def no_server_is_left():
    yield
    if _Server.process is not None:
        _Server.process.stdin.close()
        _Server.process.wait(60)
        _Server.process.stdout.close()
        _Server.process = None


def run(folder: Path, task, launcher: str = "") -> tuple[int, dict, Path]:
    """Run a task; return its status, its result and its log."""
    file = write_task(task, folder, lease_s=5.0)
    log = file.parent / "attempt_1.log"
    status, _ = run_task(str(file), str(log), launcher, 1.0)
    return status, read_result(file.parent, read_header(file)["digest"]), log


def trajectory(folder: Path, steps: int) -> TeacherMDTask:
    md = TeacherMDSettings(
        temperature=300.0, thermostat="langevin", steps=steps, frame_interval=steps // 3
    )
    job = MDJob("a", frames(1)[0], 1, md)
    return TeacherMDTask(EMT, (job,), folder / "runs", folder / "teacher.json")


def started_by(process: int) -> set[int]:
    """The processes that a process has started."""
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return {int(pid) for path in threads for pid in path.read_text().split()}


def test_tasks_share_a_process_and_those_of_one_teacher_the_teacher(tmp_path):
    status, first, log = run(tmp_path, LabelTask(EMT, frames(2)))
    assert status == 0
    teacher = started_by(first["pid"])
    assert len(teacher) == 1
    status, second, _ = run(tmp_path, LabelTask(EMT, frames(3)))
    assert status == 0 and second["pid"] == first["pid"]
    assert started_by(first["pid"]) == teacher
    status, moved, _ = run(tmp_path, trajectory(tmp_path, 30))
    assert status == 0 and moved["pid"] == first["pid"]
    assert started_by(first["pid"]) == teacher
    status, third, _ = run(tmp_path, LabelTask(OTHER, frames(2)))
    assert status == 0 and len(started_by(first["pid"])) == 1
    assert started_by(first["pid"]) != teacher  # another teacher
    energies = [
        sorted(json.loads(line)["energy"] for line in Path(path).read_text().splitlines() if line)
        for path in (*first["files"], *third["files"])
    ]
    assert energies[0] == energies[1]
    assert log.exists()


def test_a_task_that_fails_ends_its_process_and_the_next_gets_another(tmp_path):
    _, first, _ = run(tmp_path, LabelTask(EMT, frames(1)))
    wrong = TeacherSettings(kind="ase", import_path="ase.calculators.emt:Emt")
    file = write_task(LabelTask(wrong, frames(1)), tmp_path, lease_s=5.0)
    log = file.parent / "attempt_1.log"
    assert run_task(str(file), str(log), "", 1.0)[0] == 2
    assert "Emt" in log.read_text()
    status, second, _ = run(tmp_path, LabelTask(EMT, frames(2)))
    assert status == 0 and second["pid"] != first["pid"]
    assert not os.path.exists(f"/proc/{first['pid']}")


def test_a_process_that_is_killed_between_two_tasks_is_replaced(tmp_path):
    _, first, _ = run(tmp_path, LabelTask(EMT, frames(1)))
    os.kill(first["pid"], signal.SIGKILL)
    status, second, _ = run(tmp_path, LabelTask(EMT, frames(2)))
    assert status == 0 and second["pid"] != first["pid"]


def test_a_launcher_s_task_has_processes_of_its_own(tmp_path):
    _, first, _ = run(tmp_path, LabelTask(EMT, frames(1)))
    status, second, _ = run(tmp_path, LabelTask(EMT, frames(2)), launcher="nice -n 1")
    assert status == 0 and second["pid"] != first["pid"]


def test_a_file_that_does_not_appear_is_reported(tmp_path):
    assert run_task(str(tmp_path / "task.json"), str(tmp_path / "log"), "", 0.1)[0] == UNSEEN


def test_sigterm_stores_the_state_and_another_process_continues(tmp_path):
    task = trajectory(tmp_path, 4500)
    file = write_task(task, tmp_path, lease_s=5.0)
    ended = []
    arguments = (str(file), str(file.parent / "attempt_1.log"), "", 1.0)
    thread = threading.Thread(target=lambda: ended.append(run_task(*arguments)[0]))
    thread.start()
    wait_for(tmp_path / "teacher.json")
    time.sleep(0.5)
    os.kill(holder_of(file.parent, 1)["pid"], signal.SIGTERM)
    thread.join(60)
    assert ended == [STOPPED]
    assert (tmp_path / "runs" / "a.state.npz").exists()
    status, _, _ = run(tmp_path, task)
    assert status == 0 and read_record(tmp_path / "runs", "a")["state"] == "finished"


def test_a_worker_that_is_killed_leaves_a_task_that_stores_its_state_and_no_process(tmp_path):
    file = write_task(trajectory(tmp_path, 4500), tmp_path, lease_s=5.0)
    log = file.parent / "attempt_1.log"
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(file), str(log)])
    wait_for(tmp_path / "teacher.json")
    time.sleep(0.5)
    (server,) = started_by(worker.pid)
    worker.kill()
    worker.wait()
    end = time.monotonic() + 60
    while os.path.exists(f"/proc/{server}"):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert (tmp_path / "runs" / "a.state.npz").exists()


def wait_for(path: Path) -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
