"""The search for a learning rate: its suggestion trains well, and the student does not change."""

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
from ipip.train.fitting.rate_finder import STEPS, find_rate, write_rate_page

KEYS = DataKeys(energy="REF_energy", forces="REF_forces")


def test_the_suggested_rate_trains_at_least_as_well_as_the_default(
    repository: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    frames = read_frames(repository / "examples/mo-s-o/data/mso_pbe_d3.xyz", KEYS)
    frames, valid = frames[::2], frames[1::4]
    student = build_student("painn", ["Mo", "S", "O"], seed=1, channels=16, layers=2)
    digest = weights_digest(student.state_dict())
    settings = TrainingSettings(tensorboard=False)
    found = find_rate(student, frames, valid, settings, seed=1)
    assert weights_digest(student.state_dict()) == digest
    assert settings.learning_rate in found.rates and found.rates == sorted(found.rates)
    assert len(found.rates) == len(found.losses) and found.steps == STEPS
    assert found.losses[found.rates.index(found.suggestion)] == min(found.losses)
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""
    losses = {}
    for rate in (found.suggestion, settings.learning_rate):  # of whole trainings, longer
        longer = settings.model_copy(
            update={"learning_rate": rate, "budget": "400 steps", "validate_every": 10}
        )
        done = fit(student, frames, valid, longer, tmp_path / str(rate), seed=1, progress=False)
        losses[rate] = min(row.get("valid_loss", np.inf) for row in done.history)
    assert losses[found.suggestion] <= losses[settings.learning_rate]
    write_rate_page(found, tmp_path / "rate.html")
    assert f"learning rate: {found.suggestion:.2g}" in (tmp_path / "rate.html").read_text()


def test_frozen_layers_and_hopeless_labels(copper: list[Frame], student: Student) -> None:
    settings = TrainingSettings(freeze=["embedding*"], budget="20 steps")
    found = find_rate(student, copper[:20], copper[20:], settings, seed=1)
    assert found.suggestion > 1e-4 and found.steps == 20
    perfect = predict(student, copper[:10])  # nothing is left to learn
    with pytest.raises(IpipError, match=r"no learning rate from 0\.0002 on lowers the loss of "):
        find_rate(student, perfect, [], TrainingSettings(references="keep"), seed=1, steps=40)


def test_no_rate_is_tried_above_one_that_diverges(
    copper: list[Frame], student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipip.train.fitting.rate_finder.RATES", (5e-3, 1e2, 1e3))
    settings = TrainingSettings(loss="squared")
    found = find_rate(student, copper[:30], copper[30:], settings, seed=1, steps=60)
    assert found.diverged_at == 1e2 and found.suggestion == 5e-3
    assert 1e3 not in found.rates and np.isfinite(found.losses).all()


def test_labels_that_no_rate_can_learn_end_with_a_sentence(
    copper: list[Frame], student: Student
) -> None:
    huge = [frame.replace(energy=1e200) for frame in copper[:10]]
    settings = TrainingSettings(loss="squared", references="keep", kernels="eager")
    with pytest.raises(IpipError, match="lowers the loss of inf in 200 steps; check the labels"):
        find_rate(student, huge, [], settings, seed=1)
