"""The range test: it suggests a rate that trains, and leaves the student alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.config.data import DataKeys
from ipip.config.training import TrainingSettings
from ipip.data import Frame, read_frames
from ipip.errors import IpipError
from ipip.export import weights_digest
from ipip.models import Student, build_student
from ipip.train import fit, predict
from ipip.train.fitting.rate_finder import find_rate, write_rate_page


def test_the_suggested_rate_trains_faster_than_one_far_below(
    copper: list[Frame], student: Student, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    digest = weights_digest(student.state_dict())
    found = find_rate(student, copper[:30], TrainingSettings(), seed=1)
    assert weights_digest(student.state_dict()) == digest
    assert 1e-5 < found.suggestion < 0.5
    assert np.all(np.diff(found.rates) > 0) and len(found.rates) == len(found.losses) > 60
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""
    losses = {}
    for factor in (1.0, 0.01):
        settings = TrainingSettings(max_epochs=6, learning_rate=factor * found.suggestion)
        folder = tmp_path / str(factor)
        result = fit(student, copper[:30], [], settings, folder, seed=1, progress=False)
        losses[factor] = result.history[-1]["train_loss"]
    assert losses[1.0] < 0.8 * losses[0.01]
    write_rate_page(found, tmp_path / "rate.html")
    assert f"learning rate: {found.suggestion:.2g}" in (tmp_path / "rate.html").read_text()


def test_frozen_layers_and_hopeless_labels(copper: list[Frame], student: Student) -> None:
    settings = TrainingSettings(freeze=["embedding*"])
    assert find_rate(student, copper[:20], settings, seed=1).suggestion > 1e-4
    perfect = predict(student, copper[:10])  # nothing is left to learn
    with pytest.raises(IpipError, match="the loss never falls between learning rates 1e-06 and 1"):
        find_rate(student, perfect, TrainingSettings(references="keep"), seed=1, steps=40)


def test_a_sweep_ends_where_the_loss_is_not_finite_and_still_suggests(repository: Path) -> None:
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    frames = read_frames(repository / "examples/mo-s-o/data/mso_pbe_d3.xyz", keys)[:40]
    student = build_student("painn", ["Mo", "S", "O"], seed=1, channels=16, layers=2)
    found = find_rate(student, frames, TrainingSettings(loss="squared"), seed=1)
    assert found.diverged_at is not None and found.diverged_at < 1.0
    assert 1e-4 < found.suggestion < found.diverged_at
    assert np.isfinite(found.losses).all() and len(found.losses) < 100


def test_labels_that_no_rate_can_learn_end_with_a_sentence(
    copper: list[Frame], student: Student
) -> None:
    huge = [frame.replace(energy=1e200) for frame in copper[:10]]
    settings = TrainingSettings(loss="squared", references="keep", kernels="eager")
    with pytest.raises(IpipError, match="not finite from step 0 on, at a learning rate of 1e-06"):
        find_rate(student, huge, settings, seed=1)
