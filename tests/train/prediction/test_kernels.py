"""Training with compiled kernels is the training that the eager network has."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.models import Student, build_student
from ipip.train import FitResult, fit
from ipip.train.prediction.kernels import energy_forces_of


def a_student(channels: int = 16, dtype: str = "float64") -> Student:
    return build_student(
        "painn", ["Cu", "Au"], seed=3, channels=channels, layers=2, cutoff=4.0, n_radial=8,
        dtype=dtype,
    )  # fmt: skip


def a_visnet() -> Student:
    return build_student(
        "visnet", ["Cu", "Au"], seed=3, channels=8, layers=1, cutoff=4.0, attention_heads=2
    )


def trained(
    kernels: str, frames: list[Frame], folder: Path, student: Student, **more: object
) -> FitResult:
    settings = TrainingSettings.model_validate(
        {"max_epochs": 6, "batch_size": 5, "learning_rate": 5e-3, "warmup_steps": 3}
        | {"kernels": kernels, "stress_weight": 5.0}
        | more
    )
    return fit(student, frames[:20], frames[20:26], settings, folder, seed=1, progress=False)


@pytest.mark.parametrize("loss", ["absolute", "squared"])
def test_the_loss_curve_is_the_eager_one(loss: str, copper: list[Frame], tmp_path: Path) -> None:
    curves = {}
    for kernels in ("kernels", "eager"):
        result = trained(kernels, copper, tmp_path / kernels, a_student(), loss=loss)
        curves[kernels] = [[row["train_loss"], row["valid_loss"]] for row in result.history]
    np.testing.assert_allclose(curves["kernels"], curves["eager"], rtol=1e-6)
    assert curves["kernels"][-1][0] < 0.9 * curves["kernels"][0][0]


def test_single_precision_follows_the_eager_curve_within_its_rounding(
    copper: list[Frame], tmp_path: Path
) -> None:
    curves = [
        [row["valid_loss"] for row in trained(
            kernels, copper, tmp_path / kernels, a_student(dtype="float32")
        ).history]
        for kernels in ("kernels", "eager")
    ]  # fmt: skip
    np.testing.assert_allclose(curves[0], curves[1], rtol=2e-3)


def test_frozen_layers_do_not_change(copper: list[Frame], tmp_path: Path) -> None:
    student = a_student()
    student.messages[0].requires_grad_(False)
    result = trained("kernels", copper, tmp_path / "fit", student)
    for before, after in zip(
        student.named_parameters(), result.student.named_parameters(), strict=True
    ):
        same = bool((before[1] == after[1]).all())
        assert same == before[0].startswith("messages.0"), before[0]


def test_auto_falls_back_and_says_so(
    copper: list[Frame], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="ipip"):
        trained("auto", copper, tmp_path / "other", a_visnet(), max_epochs=1)
        trained("auto", copper, tmp_path / "painn", a_student(channels=8), max_epochs=1)
    lines = [record.getMessage() for record in caplog.records if "backend:" in record.getMessage()]
    assert lines[0].startswith("backend: eager (its architecture is visnet")
    assert lines[1].startswith("backend: kernels, ")


def test_the_old_name_of_the_kernels_is_understood() -> None:
    assert TrainingSettings(kernels="fused").kernels == "kernels"  # type: ignore[arg-type]
    with pytest.raises(InputError, match="kernels is kernels, but its architecture is visnet"):
        energy_forces_of(a_visnet(), "fused")  # type: ignore[arg-type]


def test_a_lower_precision_is_no_matter_of_the_kernels() -> None:
    with pytest.raises(ValueError, match=r"kernels is kernels with precision: bf16.*auto or eager"):
        TrainingSettings(kernels="kernels", precision="bf16")


def test_kernels_are_refused_before_any_work_where_they_do_not_run(
    copper: list[Frame], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"kernels, but its architecture is visnet.*auto"):
        trained("kernels", copper, tmp_path / "fit", a_visnet())
    assert not (tmp_path / "fit").exists()
