"""A training that was broken off: it resumes to the same result and trusts only its own folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame, write_frames
from ipip.errors import InputError
from ipip.models import Student
from ipip.train import fit
from ipip.train.fitting.module import TrainingModule
from ipip.train.records.logs import CsvLog
from tests.train.broken_off import Stop, assert_same, broken_off_in_second_epoch


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": "cosine"},
        {"schedule": "plateau", "plateau_patience": 0, "optimizer": "adam", "amsgrad": True},
        {"ema_decay": None, "validate_every": 2, "max_steps": 23},
    ],
    ids=["cosine", "plateau", "max_steps"],
)
def test_a_resumed_training_ends_as_an_unbroken_one(
    change: dict[str, object],
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
) -> None:
    chosen = TrainingSettings(**(settings.model_dump() | change))
    train, valid = copper[:24], copper[24:30]
    unbroken = fit(student, train, valid, chosen, tmp_path / "a", seed=9, progress=False)

    with broken_off_in_second_epoch():
        fit(student, train, valid, chosen, tmp_path / "b", seed=9, progress=False)
    resumed = fit(student, train, valid, chosen, tmp_path / "b", seed=9, progress=False)
    assert_same(resumed, unbroken)
    tables = [(tmp_path / name / "metrics.csv").read_text().splitlines() for name in "ab"]
    assert len(tables[0]) == len(tables[1]) == len(unbroken.history) + 1


KILLED = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from ipip.config.training import TrainingSettings
from ipip.data import read_frames
from ipip.export import load_student
from ipip.train import fit

folder = Path(sys.argv[1])
frames = read_frames(folder / "frames.xyz")
student = load_student(folder / "start.pt")
settings = TrainingSettings.model_validate_json((folder / "settings.json").read_text())
fit(student, frames[:24], frames[24:30], settings, folder / "killed", seed=2, progress=False)
"""


def test_a_killed_training_continues_to_the_same_result(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    from ipip.export import load_student, save_student

    student.set_energy_scale([-1.0, -1.0], 1.0, 0.0)
    save_student(student, tmp_path / "start.pt")
    student = load_student(tmp_path / "start.pt")
    write_frames(tmp_path / "frames.xyz", copper)
    settings = settings.model_copy(update={"max_epochs": 30})
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    table = tmp_path / "killed" / "metrics.csv"
    deadline = time.monotonic() + 240
    while not (table.exists() and len(table.read_text().splitlines()) > 5):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "result.json").exists()
    arguments = (student, copper[:24], copper[24:30], settings)
    resumed = fit(*arguments, tmp_path / "killed", seed=2, progress=False)
    unbroken = fit(*arguments, tmp_path / "unbroken", seed=2, progress=False)
    assert_same(resumed, unbroken)


def test_a_training_killed_before_its_last_row_is_written_gets_it(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = (student, copper[:10], copper[10:14], settings, tmp_path)
    write = CsvLog.__call__

    def write_or_stop(self: CsvLog, module: TrainingModule) -> None:
        if module.finished:
            raise Stop
        write(self, module)

    monkeypatch.setattr(CsvLog, "__call__", write_or_stop)
    with pytest.raises(Stop):
        fit(*arguments, seed=1, progress=False)
    monkeypatch.undo()
    result = fit(*arguments, seed=1, progress=False)
    rows = (tmp_path / "metrics.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [row["epoch"] for row in result.history]


def test_a_finished_folder_returns_its_result_without_training(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = (student, copper[:10], copper[10:14], settings, tmp_path / "fit")
    first = fit(*arguments, seed=1, progress=False)
    monkeypatch.setattr(TrainingModule, "training_step", lambda *_: pytest.fail("trained again"))
    assert_same(fit(*arguments, seed=1, progress=False), first)


@pytest.mark.parametrize("change", ["settings", "frames", "seed", "weights"])
def test_a_folder_of_a_different_training_is_refused(
    change: str, copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"max_epochs": 1})
    train, seed = copper[:6], 1
    fit(student, train, copper[10:12], settings, tmp_path / "fit", seed=seed, progress=False)
    if change == "settings":
        settings = settings.model_copy(update={"learning_rate": 0.5})
        message = r"settings.learning_rate was 0.01 and is 0.5 now"
    elif change == "frames":
        train, message = copper[:7], "training_frames was"
    elif change == "seed":
        seed, message = 2, "seed was 1 and is 2 now"
    else:
        with torch.no_grad():
            next(student.parameters()).add_(1.0)
        message = "student.initial_weights was"
    with pytest.raises(InputError, match=message):
        fit(student, train, copper[10:12], settings, tmp_path / "fit", seed=seed, progress=False)


DISK_FULL = """
import resource, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from ipip.errors import IpipError
from ipip.config.training import TrainingSettings
from ipip.data import read_frames
from ipip.export import load_student
from ipip.train import fit
from ipip.train.records.checkpoints import BestAndLast

folder = Path(sys.argv[1])
frames = read_frames(folder / "frames.xyz")
student = load_student(folder / "start.pt")
settings = TrainingSettings(max_epochs=4)
write = BestAndLast.__call__

def limit_after_first(self, module):
    if module.current_epoch == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    write(self, module)

BestAndLast.__call__ = limit_after_first
try:
    fit(student, frames[:6], frames[6:8], settings, folder / "fit", seed=2, progress=False)
except IpipError as error:
    print(error)
    sys.exit(error.exit_status)
"""


def test_a_full_disk_ends_with_one_message_and_keeps_the_checkpoint(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    from ipip.export import load_student, save_student
    from ipip.train.records.checkpoints import load_checkpoint

    student.set_energy_scale([-1.0, -1.0], 1.0, 0.0)
    save_student(student, tmp_path / "start.pt")
    write_frames(tmp_path / "frames.xyz", copper)
    ended = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "cannot write (File too large); the last checkpoint is intact" in ended.stdout
    assert ended.stdout.count("\n") == 1 and "Traceback" not in ended.stderr
    assert load_checkpoint(tmp_path / "fit" / "last.ckpt")["epoch"] == 0
    assert not [path for path in (tmp_path / "fit").iterdir() if ".tmp" in path.name]
    student = load_student(tmp_path / "start.pt")
    settings = TrainingSettings(max_epochs=4)
    arguments = (student, copper[:6], copper[6:8], settings)
    again = fit(*arguments, tmp_path / "fit", seed=2, progress=False)
    assert_same(again, fit(*arguments, tmp_path / "other", seed=2, progress=False))


def test_workers_and_a_small_cache_change_nothing_but_the_speed(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    arguments = (student, copper[:12], copper[12:16])
    plain = fit(*arguments, settings, tmp_path / "a", seed=1, progress=False)
    other = settings.model_copy(update={"workers": 1, "cache_mb": 0.0, "tensorboard": False})
    assert_same(fit(*arguments, other, tmp_path / "b", seed=1, progress=False), plain)
    assert_same(fit(*arguments, other, tmp_path / "a", seed=1, progress=False), plain)
