"""Training: learns, resumes to the same result, trusts only its own folder."""

from __future__ import annotations

import csv
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame, write_frames
from ipip.errors import InputError, IpipError
from ipip.export import weights_digest
from ipip.models import Student
from ipip.train import FitResult, fit, metrics, predict
from ipip.train.checkpoints import BestAndLast
from ipip.train.module import TrainingModule


class Stop(Exception):  # noqa: N818
    """Ends a training from within."""


def without_times(result: FitResult) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in result.history]


def assert_same(one: FitResult, other: FitResult) -> None:
    """Bitwise the same weights and history."""
    assert without_times(one) == without_times(other)
    assert (one.best_epoch, one.steps) == (other.best_epoch, other.steps)
    assert weights_digest(one.student.state_dict()) == weights_digest(other.student.state_dict())


def test_training_learns_emt(copper: list[Frame], student: Student, tmp_path: Path) -> None:
    settings = TrainingSettings(
        max_epochs=40, batch_size=4, learning_rate=1e-2, warmup_steps=10, ema_decay=0.95
    )
    train, valid, test = copper[:28], copper[28:32], copper[32:]
    result = fit(student, train, valid, settings, tmp_path / "fit", seed=1, progress=False)
    errors = metrics(test, predict(result.student, test))
    zero = [frame.replace(forces=np.zeros_like(frame.forces)) for frame in test]
    mean_force = metrics(test, zero)["force_mae_ev_per_a"]
    assert errors["force_mae_ev_per_a"] < 0.25 * mean_force
    assert errors["energy_mae_mev_per_atom"] < 40.0
    assert result.history[-1]["train_loss"] < 0.25 * result.history[0]["train_loss"]


def test_both_losses_and_stress_lower_the_validation_loss(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    for loss in ("squared", "absolute"):
        settings = TrainingSettings(
            loss=loss, stress_weight=10.0, max_epochs=8, learning_rate=1e-2, warmup_steps=5
        )
        result = fit(
            student, copper[:20], copper[20:26], settings, tmp_path / loss, seed=1, progress=False
        )
        losses = [row["valid_loss"] for row in result.history]
        assert losses[-1] < 0.7 * losses[0]


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
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = TrainingSettings(**(settings.model_dump() | change))
    train, valid = copper[:24], copper[24:30]
    unbroken = fit(student, train, valid, chosen, tmp_path / "a", seed=9, progress=False)

    write = BestAndLast.__call__

    def stop_after_two(self: BestAndLast, module: TrainingModule) -> None:
        write(self, module)
        if module.current_epoch == 1:
            raise Stop

    monkeypatch.setattr(BestAndLast, "__call__", stop_after_two)
    with pytest.raises(Stop):
        fit(student, train, valid, chosen, tmp_path / "b", seed=9, progress=False)
    monkeypatch.undo()
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
student, _ = load_student(folder / "start.pt")
settings = TrainingSettings.model_validate_json((folder / "settings.json").read_text())
fit(student, frames[:24], frames[24:30], settings, folder / "killed", seed=2, progress=False)
"""


def test_a_killed_training_continues_to_the_same_result(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    from ipip.export import load_student, save_student

    student.set_energy_scale([-1.0, -1.0], 1.0, 0.0)
    save_student(student, tmp_path / "start.pt")
    student, _ = load_student(tmp_path / "start.pt")
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
        message = r"settings.learning_rate is 0.01 there and 0.5 now"
    elif change == "frames":
        train, message = copper[:7], "training_frames is"
    elif change == "seed":
        seed, message = 2, "seed is 1 there and 2 now"
    else:
        with torch.no_grad():
            next(student.parameters()).add_(1.0)
        message = "student.initial_weights is"
    with pytest.raises(InputError, match=message):
        fit(student, train, copper[10:12], settings, tmp_path / "fit", seed=seed, progress=False)


def legacy_state() -> object:
    return np.random.get_state()[1].tolist()  # type: ignore[union-attr]  # noqa: NPY002


def test_given_student_and_global_state_are_left_alone(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    weights = weights_digest(student.state_dict())
    state, numpy_state = torch.get_rng_state(), legacy_state()
    level = logging.getLogger("lightning.pytorch").level
    fit(student, copper[:10], copper[10:14], settings, tmp_path / "fit", seed=1)
    assert weights_digest(student.state_dict()) == weights
    assert torch.equal(torch.get_rng_state(), state)
    assert legacy_state() == numpy_state
    assert torch.get_default_dtype() == torch.float32
    assert logging.getLogger("lightning.pytorch").level == level
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""


def test_frozen_parameters_stay(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    student.embedding.requires_grad_(False)  # type: ignore[union-attr, operator]
    result = fit(student, copper[:10], [], settings, tmp_path / "fit", seed=1, progress=False)
    before, after = student.state_dict(), result.student.state_dict()
    assert torch.equal(before["embedding.weight"], after["embedding.weight"])
    assert not torch.equal(before["readout.0.weight"], after["readout.0.weight"])
    assert result.best_epoch == settings.max_epochs - 1


def test_a_warm_start_shifts_energies_and_keeps_forces(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    from ipip.train import set_energy_scale

    first = fit(
        student, copper[:20], copper[20:24], settings, tmp_path / "a", seed=1, progress=False
    )
    moved = [
        frame.replace(energy=float(frame.energy or 0) + 100.0 * (frame.numbers == 29).sum())
        for frame in copper
    ]
    warm = first.student
    before = predict(warm, moved)
    set_energy_scale(warm, moved, TrainingSettings())
    after = predict(warm, moved)
    assert metrics(moved, before)["energy_mae_mev_per_atom"] > 1e4
    assert metrics(moved, after)["energy_mae_mev_per_atom"] < 200.0
    for one, other in zip(before, after, strict=True):
        assert one.forces is not None and other.forces is not None
        assert np.array_equal(one.forces, other.forces)


def test_early_stop_ends_after_its_patience(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    settings = TrainingSettings(
        max_epochs=200, early_stop_patience=2, learning_rate=0.2, warmup_steps=0, ema_decay=None
    )
    result = fit(
        student, copper[:10], copper[10:14], settings, tmp_path / "a", seed=1, progress=False
    )
    assert len(result.history) < 200
    assert result.best_epoch == len(result.history) - 3


def test_logs_hold_one_row_per_epoch(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = fit(
        student, copper[:10], copper[10:14], settings, tmp_path / "a", seed=1, progress=False
    )
    with open(tmp_path / "a" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(5))
    assert float(rows[2]["valid_loss"]) == result.history[2]["valid_loss"]
    events = EventAccumulator(str(tmp_path / "a" / "tensorboard"))
    events.Reload()
    losses = events.Scalars("valid_loss")
    assert [event.step for event in losses] == [row["step"] for row in result.history]
    assert losses[-1].value == pytest.approx(result.history[-1]["valid_loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([], "no training frames"),
        ("no forces", "training frame 1 has no forces"),
        ("element", r"Au \(first in frame 1\) is not among"),
        ("no stress", "no training frame has a stress"),
    ],
)
def test_unusable_frames_are_refused(
    train: object, message: str, copper: list[Frame], settings: TrainingSettings, tmp_path: Path
) -> None:
    from ipip.models import build_student

    symbols = ["Cu"] if train == "element" else ["Cu", "Au"]
    student = build_student("painn", symbols, seed=1, channels=8, layers=1)
    frames = copper[:3] if train != [] else []
    if train == "no forces":
        frames[1] = frames[1].replace(forces=None)
    if train == "no stress":
        frames = [frame.replace(stress=None) for frame in frames]
        settings = settings.model_copy(update={"stress_weight": 1.0})
    with pytest.raises(InputError, match=message):
        fit(student, frames, [], settings, tmp_path / "fit", seed=1, progress=False)
    assert not (tmp_path / "fit").exists()


def test_a_diverging_training_says_so(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    wild = settings.model_copy(update={"learning_rate": 1e30, "gradient_clip": None})
    with pytest.raises(IpipError, match=r"training loss is (nan|inf).*lower learning_rate"):
        fit(student, copper[:10], [], wild, tmp_path / "fit", seed=1, progress=False)


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
from ipip.train.checkpoints import BestAndLast

folder = Path(sys.argv[1])
frames = read_frames(folder / "frames.xyz")
student, _ = load_student(folder / "start.pt")
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
    from ipip.train.checkpoints import load_checkpoint

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
    student, _ = load_student(tmp_path / "start.pt")
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
