"""A lower precision is used only where forces allow it, by measurement."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.evaluation import metrics
from ipip.models import Student, build_student
from ipip.train import fit, predict
from ipip.train.preparation.precision import force_change


def test_the_change_is_measured_and_matches_bfloat16(copper: list[Frame], student: Student) -> None:
    change = force_change(student, copper, "bf16")
    assert 1e-4 < change < 0.1  # bfloat16 has 8 bits: 0.004 a product
    lone = Frame(np.array([29]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool))
    assert force_change(student, [lone], "bf16") == 0.0


def test_a_visnet_is_measured_too(copper: list[Frame]) -> None:
    student = build_student(
        "visnet", ["Cu", "Au"], seed=1, channels=8, layers=2, lmax=2, attention_heads=2
    )
    assert 1e-4 < force_change(student, copper, "bf16") < 0.2


def test_bf16_learns_and_leaves_a_float32_student(
    copper: list[Frame], student: Student, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    errors = {}
    for precision in ("full", "bf16"):
        settings = TrainingSettings(
            max_epochs=15,
            learning_rate=1e-2,
            ema_decay=0.9,
            precision=precision,
            precision_tolerance=0.1,
        )
        with caplog.at_level(logging.INFO):
            result = fit(
                student, copper[:28], copper[28:], settings, tmp_path / precision, seed=1,
                progress=False,
            )  # fmt: skip
        errors[precision] = metrics(copper[28:], predict(result.student, copper[28:]))
        assert all(p.dtype.itemsize == 4 for p in result.student.parameters())
    assert errors["bf16"] != errors["full"]
    low, full = (errors[name]["force_mae_ev_per_a"] for name in ("bf16", "full"))
    assert low < 1.3 * full
    told = [r.message for r in caplog.records if "precision bf16 changes" in r.message]
    assert len(told) == 2 and "precision_tolerance allows 10 %" in told[0]


def test_a_precision_that_spoils_forces_is_refused_before_anything_is_trained(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    settings = TrainingSettings(precision="bf16", precision_tolerance=1e-6)
    message = r"changes the student's forces by .* %.*allows 0\.0001 %; set precision to full"
    with pytest.raises(InputError, match=message):
        fit(student, copper, [], settings, tmp_path / "fit", seed=1, progress=False)
    assert not (tmp_path / "fit" / "last.ckpt").exists()
    double = build_student("painn", ["Cu", "Au"], seed=1, channels=8, layers=1, dtype="float64")
    with pytest.raises(InputError, match=r"float64 student; it needs student\.dtype: float32"):
        fit(double, copper, [], settings, tmp_path / "double", seed=1, progress=False)
