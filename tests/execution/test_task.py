"""A task is one file in and one sealed result out, whoever performs it and however often."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from ase.build import bulk

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.errors import InputError, InUseError
from ipip.execution.labels import LabelTask, read_labels
from ipip.execution.lease import lease_path
from ipip.execution.listing import list_tasks
from ipip.execution.perform import STOPPED, perform_file
from ipip.execution.task import read_header, read_result, set_result_aside, write_task
from ipip.execution.teacher_md import TeacherMDTask, read_record
from ipip.storage.lock import hold_folder
from ipip.storage.sealed import DamagedError
from ipip.teachers import MDJob, Teacher

EMT = TeacherSettings(kind="ase", import_path="ase.calculators.emt:EMT")


def frames(count):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        atoms = bulk("Cu", cubic=True)
        atoms.positions += 0.05 * rng.normal(size=atoms.positions.shape)
        found.append(Frame.from_atoms(atoms))
    return tuple(found)


@pytest.fixture
def labels(tmp_path):
    """A task of three labels, in its file."""
    return write_task(LabelTask(EMT, frames(3)), tmp_path, lease_s=5.0)


def test_the_same_task_has_the_same_file_and_its_result_is_made_once(labels, tmp_path):
    assert write_task(LabelTask(EMT, frames(3)), tmp_path, lease_s=5.0) == labels
    first = perform_file(labels)
    assert perform_file(labels) == first
    assert first["attempt"] == 1
    (listed,) = list_tasks(tmp_path)
    assert (listed.state, listed.attempts, listed.kind) == ("done", 1, "labels")


def test_labels_of_a_task_match_the_teachers_bit_for_bit(labels, tmp_path):
    perform_file(labels)
    stored = read_labels(labels.parent / "labels.jsonl")
    with Teacher(EMT, tmp_path) as teacher:
        expected = teacher.label(frames(3))
    assert sorted(entry["energy"] for entry in stored.values()) == sorted(
        frame.energy for frame in expected
    )


def test_a_task_with_stored_labels_still_names_their_teacher(labels):
    first = perform_file(labels)
    set_result_aside(labels.parent)  # as if the attempt had been killed just before it
    again = perform_file(labels)
    assert again["attempt"] == 2
    assert again["value"]["teacher"] == first["value"]["teacher"] is not None


def test_a_result_that_is_cut_off_is_made_again(labels):
    perform_file(labels)
    result = labels.parent / "result.json"
    result.write_bytes(result.read_bytes()[:-20])
    with pytest.raises(DamagedError):
        read_result(labels.parent, read_header(labels)["digest"])
    again = perform_file(labels)
    assert again["attempt"] == 2
    assert (labels.parent / "result.damaged.0.json").exists()


def test_a_result_whose_file_was_changed_is_made_again(labels):
    perform_file(labels)
    store = labels.parent / "labels.jsonl"
    store.write_text(store.read_text()[:-30])
    assert perform_file(labels)["attempt"] == 2
    assert len(read_labels(store)) == 3


def test_files_of_a_new_result_that_appear_late_are_waited_for_and_not_made_again(labels):
    perform_file(labels)
    digest = read_header(labels)["digest"]
    store = labels.parent / "labels.jsonl"
    hidden = store.rename(store.with_suffix(".late"))
    with pytest.raises(DamagedError, match="is missing"):
        read_result(labels.parent, digest)
    late = threading.Timer(1.0, hidden.rename, [store])
    late.start()
    assert perform_file(labels)["attempt"] == 1
    late.join()
    assert not list(labels.parent.glob("result.damaged*"))


def test_files_of_an_old_result_that_are_missing_are_not_waited_for(labels):
    perform_file(labels)
    (labels.parent / "labels.jsonl").unlink()
    os.utime(labels.parent / "result.json", (0, 0))
    began = time.monotonic()
    with pytest.raises(DamagedError):
        read_result(labels.parent, read_header(labels)["digest"], patience_s=600.0)
    assert time.monotonic() - began < 300


def test_a_damaged_result_that_another_process_has_set_aside_is_no_error(labels):
    perform_file(labels)
    set_result_aside(labels.parent)
    set_result_aside(labels.parent)
    assert [path.name for path in labels.parent.glob("result*")] == ["result.damaged.0.json"]


def test_an_attempt_that_was_replaced_on_the_way_gives_the_result_of_the_other_one(
    tmp_path, monkeypatch
):
    file = write_task(LabelTask(EMT, frames(1)), tmp_path, lease_s=600.0)
    perform = LabelTask.perform

    def cut_off(task, folder):
        outcome = perform(task, folder)
        if not lease_path(folder, 2).exists():  # another node begins, and is lost
            lease_path(folder, 2).write_text(json.dumps({"ended": "stopped"}))
        return outcome

    monkeypatch.setattr(LabelTask, "perform", cut_off)
    assert perform_file(file)["attempt"] == 3


def test_a_lock_that_a_lost_node_left_does_not_keep_the_next_attempt_out(labels, monkeypatch):
    own = labels.parent / "own"
    own.mkdir()
    lease_path(labels.parent, 1).write_text(json.dumps({"host": "lost", "ended": "stopped"}))
    perform = LabelTask.perform

    def locking(task, folder):
        with hold_folder(own, "train"):
            return perform(task, folder)

    monkeypatch.setattr(LabelTask, "perform", locking)
    (own / ".lock").write_text(json.dumps({"host": "lost", "pid": 7, "verb": "train"}))
    assert perform_file(labels)["attempt"] == 2
    (own / ".lock").write_text(json.dumps({"host": "lost", "pid": 7, "verb": "train"}))
    with pytest.raises(InUseError, match="machine lost may still write"), hold_folder(own, "train"):
        pass


def test_a_file_that_is_not_a_task_is_refused_with_the_expectation(tmp_path):
    with pytest.raises(InputError, match="no such file; expected a task"):
        perform_file(tmp_path / "task.json")
    (tmp_path / "task.json").write_text("{}")
    with pytest.raises(InputError, match="is no task"):
        perform_file(tmp_path / "task.json")


def test_a_failure_is_written_beside_the_task(tmp_path):
    task = LabelTask(TeacherSettings(kind="ase", import_path="ase.calculators.emt:Emt"), frames(1))
    file = write_task(task, tmp_path, lease_s=5.0)
    with pytest.raises(InputError):
        perform_file(file)
    failure = json.loads((file.parent / "failure_1.json").read_text())
    assert failure["wrong_input"] and "Emt" in failure["error"]


def test_sigterm_stores_the_state_of_a_trajectory_and_the_next_attempt_continues_it(tmp_path):
    md = TeacherMDSettings(
        temperature=300.0, thermostat="langevin", steps=9000, frame_interval=3000
    )
    job = MDJob("a", frames(1)[0], 1, md)
    file = write_task(
        TeacherMDTask(EMT, (job,), tmp_path / "runs", tmp_path / "teacher.json"), tmp_path, 5.0
    )
    command = [sys.executable, "-m", "ipip.cli.task_process", str(file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "teacher.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the trajectory was done before the signal came")
    assert process.returncode == STOPPED, said
    assert (tmp_path / "runs" / "a.state.npz").exists()
    perform_file(file)
    record = read_record(tmp_path / "runs", "a")
    assert record["state"] == "finished" and record["frames"] == 3
