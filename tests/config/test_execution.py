"""Settings of the execution refuse what cannot be meant, before anything is submitted."""

import pytest

from ipip.config.execution import ClusterResource, ExecutionSettings
from ipip.errors import SettingsError


def settings(**changes):
    plain = {"kind": "parsl", "resources": {"cpu": {}}, "work": {"training": "cpu"}}
    return ExecutionSettings(**(plain | changes))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"work": {"training": "cpus"}}, "names the resource 'cpus' .did you mean cpu"),
        ({"work": {"trainings": "cpu"}}, "work names 'trainings'; expected one of teacher_md"),
        ({"resources": {"cpu": {}, "gpu": {}}}, "no work uses the resource gpu"),
        ({"work": {}, "resources": {}}, "work names nothing"),
        ({"kind": "local"}, "local, which uses no resources"),
        ({"resources": {"cpu": {"walltime": "1h"}}}, "walltime is '1h'; expected HH:MM:SS above 0"),
        ({"resources": {"cpu": {"walltime": "00:00:00"}}}, "walltime is '00:00:00'"),
        ({"resources": {"cpu": {"tasks_per_gpu": 4}}}, "tasks_per_gpu is 4, but gpus is 0"),
        ({"resources": {"cpu": {"least_blocks": 2}}}, "least_blocks is 2 and most_blocks 1"),
        ({"resources": {"cpu": {"scheduler": "kubernetes"}}}, "needs image"),
        ({"resources": {"cpu": {"scheduler": "local", "nodes": 2}}}, "nodes is 2"),
        (
            {"resources": {"cpu": {"launcher": "srun", "tasks_per_node": 2}}},
            "a launcher's task has the block for itself",
        ),
    ],
)
def test_impossible_settings_are_refused_by_name(changes, says):
    with pytest.raises(SettingsError, match=says):
        settings(**changes)


def test_a_node_takes_one_task_a_core_or_as_many_as_share_its_gpus():
    assert ClusterResource(cores=8).slots == 8
    assert ClusterResource(cores=8, gpus=2).slots == 2
    assert ClusterResource(cores=8, gpus=2, tasks_per_gpu=4).slots == 8
    assert ClusterResource(cores=8, gpus=2, launcher="torchrun").slots == 1
    assert ClusterResource(walltime="01:02:03").walltime_s == 3723


def test_work_that_is_not_named_stays_with_the_driver():
    assert settings().resource_of("training") is not None
    assert settings().resource_of("teacher_md") is None
