"""Each example of a cluster is what Parsl's own provider of that scheduler takes."""

import contextlib
from pathlib import Path

import pytest
import yaml
from parsl.errors import OptionalModuleMissing
from parsl.executors import HighThroughputExecutor
from parsl.providers.errors import SubmitException

from ipip.config.execution import ExecutionSettings
from ipip.execution.parsl_config import make_config

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "clusters").glob("*.yaml"))
WANTED = {  # of the first resource's job script
    "slurm-gpu": [
        "#SBATCH --partition=gpu",
        "#SBATCH --account=my-project",
        "#SBATCH --gpus-per-node=4",
        "#SBATCH --mem=240g",
        "#SBATCH --cpus-per-task=32",
        "#SBATCH --time=720",
        "#SBATCH --signal=TERM@30",
        "srun --ntasks 1 -l --overlap --cpus-per-task=32",
        "source /proj/me/ipip/bin/activate",
    ],
    "slurm-cpu": ["#SBATCH --partition=compute", "#SBATCH --cpus-per-task=64"],
    "pbs": [
        "-q gpuq",
        "-A my-project",
        "walltime=12:00:00",
        "ncpus=32:ngpus=4:mem=240gb",
        "filesystems=",
    ],
    "lsf": ["#BSUB -q gpu", "#BSUB -P my-project", '#BSUB -gpu "num=6"', "#BSUB -n 42"],
}
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: trial
contexts: [{name: trial, context: {cluster: trial, user: me}}]
clusters: [{name: trial, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {}}]
"""


def load(path):
    return ExecutionSettings(**yaml.safe_load(path.read_text())["execution"])


def test_there_is_an_example_of_each_scheduler():
    schedulers = {r.scheduler for path in EXAMPLES for r in load(path).resources.values()}
    assert schedulers == {"slurm", "pbs", "lsf", "kubernetes"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_parsl_takes_the_example_and_writes_its_job_script(path, tmp_path, monkeypatch, caplog):
    if path.stem == "kubernetes":
        pytest.importorskip("kubernetes")
        (tmp_path / "kubeconfig").write_text(KUBECONFIG)
        monkeypatch.setattr(
            "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION",
            str(tmp_path / "kubeconfig"),
        )
    settings = load(path)
    try:
        executors = make_config(settings, tmp_path, lambda *_: None).executors
    except OptionalModuleMissing as error:
        pytest.skip(str(error))
    assert [one.label for one in executors] == list(settings.resources)
    for executor, resource in zip(executors, settings.resources.values(), strict=True):
        assert isinstance(executor, HighThroughputExecutor)
        assert executor.encrypted  # code is sent, which nobody else on the network may do
        assert executor.workers_per_node == resource.slots
        assert executor.provider.max_blocks == resource.most_blocks
    if path.stem not in WANTED:
        return
    provider = executors[0].provider
    provider.script_dir = str(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with contextlib.suppress(SubmitException):  # the script is written, and nothing accepts it here
        assert provider.submit("work", 1, job_name="trial") is None
    (script,) = (p for p in tmp_path.glob("trial*") if not p.name.endswith(("out", "err")))
    for words in WANTED[path.stem]:
        assert words in script.read_text() + caplog.text


def test_the_workers_of_a_node_share_its_gpus_evenly(tmp_path):
    (gpu, *_) = make_config(load(EXAMPLES[-1]), tmp_path, lambda *_: None).executors
    assert gpu.available_accelerators == [str(slot // 8) for slot in range(32)]
