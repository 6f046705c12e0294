"""Two processes that torchrun starts train what one does."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ipip.cli.main import main
from ipip.config.training import TrainingSettings
from ipip.data import Frame, write_frames
from ipip.errors import InputError
from ipip.export import load_student
from ipip.models import Student
from ipip.train import fit
from ipip.train.processes import join
from ipip.train.records.checkpoints import STATE, load_checkpoint

BIN = Path(sys.executable).parent
SETTINGS = """\
data: [{path: copper.xyz}]
split: {valid: 7, test: 4}
student: {channels: 16, layers: 2, cutoff: 4.0, dtype: float64}
training:
  {max_epochs: 3, batch_size: 7, warmup_steps: 3, stress_weight: 10.0, accelerator: cpu,
   ema_decay: 0.9, tensorboard: false}
seed: 3
"""


@pytest.fixture
def folder(copper: list[Frame], tmp_path: Path) -> Path:
    """Frames of two sizes and settings; the last of each epoch's batches is a single frame."""
    frames = [
        frame
        if index % 7
        else Frame.from_atoms(frame.to_atoms().repeat((2, 1, 1))).replace(
            energy=2 * float(frame.energy or 0),
            forces=np.concatenate([frame.forces] * 2),  # type: ignore[list-item]
            stress=frame.stress,
        )
        for index, frame in enumerate(copper)
    ]
    write_frames(tmp_path / "copper.xyz", frames)
    (tmp_path / "a.yaml").write_text(SETTINGS)
    return tmp_path


def start(*program: str) -> subprocess.CompletedProcess[str]:
    """Run a program as two processes."""
    return subprocess.run(
        [str(BIN / "torchrun"), "--nproc-per-node", "2", *program],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def train(folder: Path, name: str) -> list[str]:
    return ["train", str(folder / "a.yaml"), "--quiet", "--dir", str(folder / name)]


def assert_same_training(one: Path, other: Path) -> None:
    weights = [load_student(path / "student.pt").state_dict() for path in (one, other)]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-9, atol=1e-12)
    tables = []
    for path in (one, other):
        with open(path / "metrics.csv") as file:
            tables.append([list(map(float, row.values())) for row in csv.DictReader(file)])
    assert np.shape(tables[0]) == np.shape(tables[1])
    np.testing.assert_allclose(np.array(tables[1])[:, :-1], np.array(tables[0])[:, :-1], rtol=1e-9)


def test_two_processes_give_the_result_of_one(folder: Path) -> None:
    assert main(train(folder, "one")) == 0
    two = start("--no-python", str(BIN / "ipip"), *train(folder, "two"))
    assert two.returncode == 0, two.stderr
    assert two.stdout.count("trained 15 steps") == 1  # 29 frames, 7 a step: the fifth has one
    assert_same_training(folder / "one", folder / "two")


SIGNALLED = """
import os, signal, sys
from ipip.cli.main import main
from ipip.train.fitting.module import TrainingModule
from ipip.train.processes import rank

compute = TrainingModule.training_step

def signalled(self, batch):
    if self.global_step == 6 and rank() == 1:
        os.kill(os.getpid(), signal.SIGTERM)
    return compute(self, batch)

TrainingModule.training_step = signalled
sys.exit(main(sys.argv[1:]))
"""


def test_a_signal_to_one_process_ends_both_and_one_continues(folder: Path) -> None:
    (folder / "signalled.py").write_text(SIGNALLED)
    ended = start(str(folder / "signalled.py"), *train(folder, "two"))
    assert ended.returncode != 0
    assert ended.stderr.count("ipip: ended by SIGTERM; the state is in") == 1
    partial = load_checkpoint(folder / "two" / "last.ckpt")[STATE]["partial"]
    assert partial["batches"] == 2
    for name in ("two", "one"):
        assert main(train(folder, name)) == 0
    assert_same_training(folder / "one", folder / "two")


ON_ONE = """
import sys
from ipip.config.training import TrainingSettings
from ipip.data import read_frames
from ipip.errors import IpipError
from ipip.export import weights_digest
from ipip.models import build_student
from ipip.train.fitting.loaders import TrainingBatches, graph_dataset
from ipip.train.fitting.module import TrainingModule
from ipip.train.preparation.freeze import freeze
from ipip.train.processes import join, leave, rank

join("cpu", 2)
frames = read_frames(sys.argv[1])[:8]
student = build_student("painn", ["Cu", "Au"], seed=rank(), channels=16, layers=1, cutoff=4.0)
student.shift += rank()
freeze(student, ["embedding*"])
settings = TrainingSettings(batch_size=4)
module = TrainingModule(student, [], settings, 2)
texts = [weights_digest(student.state_dict())]
for batch in TrainingBatches(graph_dataset(frames, student, settings), settings, seed=0):
    if rank() == 1 and module.global_step == 1:
        batch.energy[0] = float("inf")
    try:
        module.training_step(batch)
    except IpipError as error:
        texts.append(str(error))
sys.stdout.write("; ".join(texts) + "\\n")  # at once: both processes write to one pipe
sys.stdout.flush()
leave()
"""


def test_processes_start_with_all_weights_of_the_first_and_stop_together_at_a_broken_loss(
    folder: Path,
) -> None:
    (folder / "on_one.py").write_text(ON_ONE)
    ended = start(str(folder / "on_one.py"), str(folder / "copper.xyz"))
    assert ended.returncode == 0, ended.stderr
    first, second = ended.stdout.splitlines()
    assert first == second and first.count(";") == 2
    assert "; the training loss is nan in epoch 1, step 1; lower learning_rate" in first


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="2 processes share 1 GPUs; start one for each GPU"):
        join("auto", 2)


def test_fewer_frames_in_a_batch_than_processes_are_refused(
    copper: list[Frame], student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipip.train.processes.count", lambda: 2)
    settings = TrainingSettings(batch_size=1)
    with pytest.raises(InputError, match="batch_size is 1 with 2 processes"):
        fit(student, copper, [], settings, tmp_path / "fit", seed=1)
    assert not (tmp_path / "fit").exists()
