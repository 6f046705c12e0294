"""Tasks in blocks on this machine: what fails is tried again, within a bound, and its log named."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ipip.config.execution import ExecutionSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.errors import InputError, IpipError
from ipip.execution.executor import open_executor
from ipip.execution.labels import LabelTask, TaskTeacher
from ipip.execution.record import read_execution
from ipip.teachers import Teacher

EMT = TeacherSettings(kind="ase", import_path="ase.calculators.emt:EMT")
CALCULATOR = '''
import os
from pathlib import Path
from ase.calculators.emt import EMT

class Broken(EMT):
    """Ends its process at the first calls, as often as a file says."""

    def __init__(self, count):
        super().__init__()
        self.count = Path(count)

    def calculate(self, *arguments, **options):
        left = int(self.count.read_text())
        if left:
            self.count.write_text(str(left - 1))
            os._exit(9)
        super().calculate(*arguments, **options)
'''


def settings(**changes):
    resource = {"scheduler": "local", "cores": 1, "tasks_per_node": 1}
    plain = {
        "kind": "parsl",
        "resources": {"here": resource},
        "work": {"teacher_labels": "here"},
        "address": "127.0.0.1",
        "poll_s": 1,
        "lease_s": 5,
    }
    return ExecutionSettings(**(plain | changes))


def frames(count):
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        atoms = bulk("Cu", cubic=True)
        atoms.positions += 0.05 * rng.normal(size=atoms.positions.shape)
        found.append(Frame.from_atoms(atoms).replace(info={"number": number}))
    return found


@pytest.fixture
def broken(tmp_path):
    """A level whose process dies as often as a file states."""
    (tmp_path / "broken.py").write_text(CALCULATOR)
    return TeacherSettings(
        kind="ase",
        import_path="broken:Broken",
        import_folder=tmp_path,
        arguments={"count": str(tmp_path / "count")},
    )


@pytest.mark.slow
def test_what_fails_is_tried_again_within_its_bound_and_its_log_is_named(broken, tmp_path):
    told: list[str] = []
    count = tmp_path / "count"
    run = tmp_path / "run"
    run.mkdir()
    with open_executor(settings(retries=1), run, told.append) as executor:
        count.write_text("0")
        labelled = TaskTeacher(EMT, executor).label(frames(4))
        with Teacher(EMT, tmp_path) as teacher:
            expected = teacher.label(frames(4))
        assert [f.energy for f in labelled] == [f.energy for f in expected]
        assert [f.info["number"] for f in labelled] == [0, 1, 2, 3]

        same = frames(2)[1:] * 2  # one task's file for both
        halves = [LabelTask(EMT, tuple(same[:1])), LabelTask(EMT, tuple(same[1:]))]
        gave: list[object] = []
        executor.run("teacher_labels", halves, lambda task, result: gave.append(task))
        assert gave == halves

        count.write_text("1")
        assert TaskTeacher(broken, executor).label(frames(1))[0].energy is not None
        (message,) = told
        log = Path(message.rpartition("Its log: ")[2])
        assert "tried again" in message and "ended with status 9" in log.read_text()

        count.write_text("2")
        with pytest.raises(IpipError, match=r"failed 2 times.*Its log: .*ipip task "):
            TaskTeacher(broken, executor).label(frames(2)[1:])

        wrong = EMT.model_copy(update={"import_path": "ase.calculators.emt:Emt"})
        with pytest.raises(InputError, match="Emt"):
            executor.run("teacher_labels", [LabelTask(wrong, tuple(frames(1)))], print)
        state = read_execution(run)
    assert state is not None
    assert state.done == 3
    assert [failure["attempt"] for failure in state.failures] == [1, 1, 2]
    assert {block.state for block in state.blocks} == {"RUNNING"}
    assert {block.state for block in read_execution(run).blocks} == {"CANCELLED"}


@pytest.mark.slow
def test_a_block_with_more_places_than_tasks_is_not_ended_before_it_has_started(tmp_path):
    resource = {"scheduler": "local", "cores": 4, "tasks_per_node": 4}
    resource["environment"] = ["sleep 5"]  # as long as a queue
    with open_executor(settings(resources={"here": resource}), tmp_path) as executor:
        TaskTeacher(EMT, executor).label(frames(1))
        state = read_execution(tmp_path)
    assert state is not None
    assert [block.state for block in state.blocks] == ["RUNNING"]


def test_two_runs_that_share_a_scratch_have_folders_of_their_own_for_blocks(tmp_path):
    shared = settings(scratch=tmp_path / "scratch")
    with open_executor(shared, tmp_path / "one"), open_executor(shared, tmp_path / "two"):
        assert len(list((tmp_path / "scratch").glob("parsl/*/000"))) == 2
