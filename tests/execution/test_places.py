"""The tasks of a node have their own places: a core each, or a share of one GPU."""

import json
import os

import pytest

from ipip.config.teacher import TeacherSettings
from ipip.execution.executor import open_executor
from ipip.execution.labels import LabelTask
from tests.execution.test_blocks import frames, settings

CALCULATOR = '''
import json, os, time
from pathlib import Path
from ase.calculators.emt import EMT

class Placed(EMT):
    """Writes where its process may run, and waits for the others."""

    def __init__(self, folder, name, count):
        super().__init__()
        self.folder, self.name_of_task, self.count = Path(folder), name, count

    def calculate(self, *arguments, **options):
        names = ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
        place = {"cores": sorted(os.sched_getaffinity(0))} | {n: os.environ.get(n) for n in names}
        (self.folder / f"{self.name_of_task}.json").write_text(json.dumps(place))
        end = time.monotonic() + 300
        while len(list(self.folder.glob("*.json"))) < self.count:
            assert time.monotonic() < end
            time.sleep(0.05)
        super().calculate(*arguments, **options)
'''


def places(tmp_path, count, **resource):
    """Run tasks that are all under way at the same time; return where each one was."""
    (tmp_path / "placed.py").write_text(CALCULATOR)
    folder = tmp_path / "places"
    folder.mkdir()
    tasks = [
        LabelTask(
            TeacherSettings(
                kind="ase",
                import_path="placed:Placed",
                import_folder=tmp_path,
                arguments={"folder": str(folder), "name": name, "count": count},
            ),
            tuple(frames(1)),
        )
        for name in range(count)
    ]
    run = tmp_path / "run"
    run.mkdir()
    own = settings(resources={"here": {"scheduler": "local", **resource}}, lease_s=60)
    with open_executor(own, run) as executor:
        executor.run("teacher_labels", tasks, lambda task, result: None)
    return [json.loads(path.read_text()) for path in folder.glob("*.json")]


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs two cores and a system that pins",
)
def test_each_task_of_a_node_without_gpus_is_pinned_to_a_separate_core(tmp_path):
    found = places(tmp_path, 2, cores=2)
    cores = [place["cores"] for place in found]
    assert len(cores[0]) * 2 == len(os.sched_getaffinity(0)) // 2 * 2 and len(cores) == 2
    assert not set(cores[0]) & set(cores[1])
    assert {place["OMP_NUM_THREADS"] for place in found} == {str(len(cores[0]))}


@pytest.mark.slow
def test_tasks_that_share_a_gpu_see_that_one_alone(tmp_path):
    found = places(tmp_path, 4, cores=1, gpus=2, tasks_per_gpu=2)
    assert sorted(place["CUDA_VISIBLE_DEVICES"] for place in found) == ["0", "0", "1", "1"]
