"""Curves in Weights & Biases, offline."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.models import Student
from ipip.train import fit


def test_each_epoch_is_a_row_of_an_offline_run(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    chosen = settings.model_copy(update={"wandb_project": "tests", "max_epochs": 3})
    result = fit(student, copper[:10], copper[10:14], chosen, tmp_path / "a", seed=1)
    (file,) = (tmp_path / "a" / "wandb").glob("offline-run-*/run-*.wandb")
    written = file.read_bytes()
    losses = [row["valid_loss"] for row in result.history]
    assert len(set(losses)) == 3
    for loss in losses:
        assert b"valid_loss" in written and repr(loss).encode() in written


def test_without_the_package_the_setting_is_refused(
    copper: list[Frame], student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    settings = TrainingSettings(wandb_project="tests")
    with pytest.raises(InputError, match="the package wandb is not installed"):
        fit(student, copper, [], settings, tmp_path / "fit", seed=1)
    assert not (tmp_path / "fit").exists()
