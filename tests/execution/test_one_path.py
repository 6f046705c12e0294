"""The loop by tasks and the loop that calls the same work itself have the same result."""

import json

import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.execution.executor import open_executor
from ipip.execution.listing import list_tasks
from ipip.execution.perform import perform_file
from ipip.execution.student_md import run_students
from ipip.execution.task import read_header, set_result_aside, task_of
from ipip.lammps.run_record import changed_frames
from ipip.loop.run import run_loop
from tests.execution.test_blocks import settings
from tests.loop.conftest import without_times, write_run_inputs

WORKS = ("teacher_md", "teacher_labels", "student_md", "stability", "evaluation", "training")
MEASURED = ("us_per_atom_step", "times", "load", "durations", "wall_s", "seconds")


def unmeasured(value):
    """Remove measured times from a result."""
    if isinstance(value, dict):
        return {key: unmeasured(item) for key, item in value.items() if key not in MEASURED}
    return [unmeasured(item) for item in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_tasks_and_direct_calls_give_one_summary_and_a_task_by_hand_the_same_result(tmp_path):
    here = {"scheduler": "local", "cores": 2}
    plain = settings(resources={"here": here}, work=dict.fromkeys(WORKS, "here"), lease_s=15)
    summaries = {}
    for name, changes in (("direct", {}), ("tasks", {"execution": plain.model_dump(mode="json")})):
        config = write_run_inputs(tmp_path / name, **changes)
        run_loop(load_settings(config, RunSettings), tmp_path / name / "run")
        summary = json.loads((tmp_path / name / "run" / "summary.json").read_text())
        summaries[name] = without_times(summary)
    assert summaries["tasks"] == summaries["direct"]

    run = tmp_path / "tasks" / "run"
    listed = list_tasks(run)
    assert {task.state for task in listed} == {"done"}
    by_kind = {task.kind: task.file for task in listed}
    assert set(by_kind) == {"teacher_md", "labels", "student_md", "evaluation", "training"}

    task = task_of(read_header(by_kind["student_md"]))
    dump = task.jobs[0].folder / "trajectory.dump"
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-30])
    with open_executor(plain, run) as executor:
        (verdict, *_) = run_students(task.jobs, executor, "student_md", processes=1)
    assert verdict.state in ("stable", "unstable")
    assert not changed_frames(task.jobs[0].folder) and dump.read_bytes() == whole

    for kind in ("labels", "student_md", "evaluation", "training"):
        first = perform_file(by_kind[kind])  # by hand: it is done
        set_result_aside(by_kind[kind].parent)
        again = perform_file(by_kind[kind])  # by hand: done again
        assert again["attempt"] == first["attempt"] + 1
        assert unmeasured(again["value"]) == unmeasured(first["value"]), kind
