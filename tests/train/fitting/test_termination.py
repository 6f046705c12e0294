"""SIGTERM between two steps: the state is saved, and the same call resumes from there."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.models import Student
from ipip.train import fit
from ipip.train.fitting.module import TrainingModule
from ipip.train.fitting.termination import TerminatedError
from ipip.train.records.checkpoints import STATE, load_checkpoint
from tests.train.broken_off import assert_same

Fit = Callable[[str], Any]


@pytest.fixture
def train(copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path) -> Fit:
    """Train in a folder: five epochs of five steps, one checkpoint in three epochs."""
    chosen = settings.model_copy(update={"checkpoint_every": 3, "schedule": "plateau"})

    def run(name: str) -> Any:
        frames, valid = copper[:24], copper[24:30]
        return fit(student, frames, valid, chosen, tmp_path / name, seed=9, progress=False)

    return run


def signal_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send SIGTERM to this process in the middle of the step with this index."""
    compute = TrainingModule.training_step

    def signalled(self: TrainingModule, batch: Any) -> torch.Tensor:
        if self.global_step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return compute(self, batch)

    monkeypatch.setattr(TrainingModule, "training_step", signalled)


@pytest.mark.parametrize(("step", "epoch", "batches"), [(0, 0, 1), (7, 1, 3), (9, 1, None)])
def test_the_training_continues_to_the_result_of_an_unbroken_one(
    step: int,
    epoch: int,
    batches: int | None,
    train: Fit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    unbroken = train("a")
    signal_at(step, monkeypatch)
    with pytest.raises(TerminatedError, match=r"ended by SIGTERM; the state is in .*b/last.ckpt"):
        train("b")
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) is before
    state = load_checkpoint(tmp_path / "b" / "last.ckpt")[STATE]
    assert state["epoch"] == epoch
    partial = state["partial"]
    assert (None if partial is None else partial["batches"]) == batches
    assert_same(train("b"), unbroken)
    assert len((tmp_path / "b" / "metrics.csv").read_text().splitlines()) == 6


def test_two_signals_in_one_epoch(train: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    unbroken = train("a")
    for step in (6, 8):
        signal_at(step, monkeypatch)
        with pytest.raises(TerminatedError):
            train("b")
        monkeypatch.undo()
    assert_same(train("b"), unbroken)


def test_a_program_around_the_training_ends_in_its_own_way(
    train: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Outer(BaseException):
        pass

    def end(*_: object) -> None:
        raise Outer

    before = signal.signal(signal.SIGTERM, end)
    try:
        signal_at(3, monkeypatch)
        with pytest.raises(Outer):
            train("b")
        assert signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)
    assert load_checkpoint(tmp_path / "b" / "last.ckpt")["global_step"] == 4


def test_a_signal_in_the_last_step_changes_nothing(
    train: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = train("a")
    signal_at(unbroken.steps - 1, monkeypatch)
    assert_same(train("b"), unbroken)
