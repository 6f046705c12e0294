"""A training with the kernels for GPUs, executed on the host, matches the CPU kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.models import build_student
from ipip.train import fit
from ipip.train.fitting import module as fitting
from ipip.train.prediction.device_kernels import DevicePainnKernels


def test_a_training_matches_the_cpu(
    copper: list[Frame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TrainingSettings.model_validate(
        {"max_epochs": 2, "batch_size": 4, "learning_rate": 5e-3, "stress_weight": 5.0}
    )
    curves = []
    for place in ("cpu", "emulate"):
        student = build_student(
            "painn", ["Cu", "Au"], seed=3, channels=16, layers=2, cutoff=4.0, dtype="float64"
        )
        if place == "emulate":
            monkeypatch.setattr(
                fitting,
                "energy_forces_of",
                lambda student, *_, **__: DevicePainnKernels(student, device="emulate"),
            )
        result = fit(
            student, copper[:8], copper[20:22], settings, tmp_path / place, seed=1, progress=False
        )
        curves.append([[row["train_loss"], row["valid_loss"]] for row in result.history])
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-8)
    assert curves[1][-1][0] < curves[1][0][0]
