"""Training: learns, changes nothing else, and reports faults."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.errors import InputError, IpipError
from ipip.evaluation import metrics
from ipip.export import weights_digest
from ipip.models import Student
from ipip.train import fit, predict
from ipip.train.fitting.schedule import LearningRate


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


def legacy_state() -> object:
    return np.random.get_state()[1].tolist()  # type: ignore[union-attr]  # noqa: NPY002


def test_given_student_and_global_state_do_not_change(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    weights = weights_digest(student.state_dict())
    state, numpy_state = torch.get_rng_state(), legacy_state()
    fit(student, copper[:10], copper[10:14], settings, tmp_path / "fit", seed=1)
    assert weights_digest(student.state_dict()) == weights
    assert torch.equal(torch.get_rng_state(), state)
    assert legacy_state() == numpy_state
    assert torch.get_default_dtype() == torch.float32
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


@pytest.mark.parametrize("step", ["of no number", "too large"])
def test_a_last_step_that_breaks_the_student_is_reported(
    step: str,
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = settings.model_copy(update={"max_steps": 1, "warmup_steps": 0, "gradient_clip": None})
    valid: list[Frame] = []
    if step == "too large":
        one, valid = one.model_copy(update={"learning_rate": 1e30}), copper[10:14]
        message = r"validation loss is (nan|inf) in epoch 1 and was never finite; lower learning"
    else:
        monkeypatch.setattr(LearningRate, "rate", lambda *_: float("nan"))
        message = r"weights are not finite after epoch 1, step 1; lower learning_rate"
    with pytest.raises(IpipError, match=message):
        fit(student, copper[:10], valid, one, tmp_path / "fit", seed=1, progress=False)
    assert not (tmp_path / "fit" / "last.ckpt").exists()
