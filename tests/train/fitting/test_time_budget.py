"""A training of a given time: its steps are measured once, and stay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.export import weights_digest
from ipip.models import Student
from ipip.storage.sealed import read_sealed, sealed_text
from ipip.train import fit
from ipip.train.fitting import time_budget
from ipip.train.fitting.time_budget import Pace, measure_pace
from tests.train.broken_off import assert_same, broken_off_in_second_epoch


def test_the_training_takes_about_its_time_and_its_schedule_ends_with_it(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    settings = TrainingSettings(budget="3 s", tensorboard=False)
    start = time.perf_counter()
    found = fit(student, copper[:20], copper[20:24], settings, tmp_path, seed=1, progress=False)
    assert time.perf_counter() - start < 15.0
    assert 0.75 < found.wall_s < 8.0  # the machine may be busier than it was when it was measured
    recorded = read_sealed(tmp_path / "schedule.json")
    assert found.steps == recorded["steps"] > 20
    rates = [row["learning_rate"] for row in found.history]
    assert max(rates) > 0.9 * settings.learning_rate
    assert rates[-1] < 1.1 * settings.learning_rate * settings.final_fraction


def test_a_resumed_training_keeps_the_schedule_and_a_budget_of_steps_repeats_it(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timed = settings.model_copy(update={"budget": "0.15 s"})
    train, valid = copper[:10], copper[10:14]
    with broken_off_in_second_epoch():
        fit(student, train, valid, timed, tmp_path / "a", seed=1, progress=False)
    monkeypatch.setattr(time_budget, "measure_pace", lambda *_: pytest.fail("measured again"))
    resumed = fit(student, train, valid, timed, tmp_path / "a", seed=1, progress=False)
    in_steps = settings.model_copy(update={"budget": f"{resumed.steps} steps"})
    repeated = fit(student, train, valid, in_steps, tmp_path / "b", seed=1, progress=False)
    assert_same(resumed, repeated)


def test_measuring_does_not_change_the_student_and_counts_validation(
    copper: list[Frame], student: Student, settings: TrainingSettings
) -> None:
    before = weights_digest(student.state_dict())
    pace = measure_pace(student, copper[:20], copper[20:30], settings, 0.05)
    assert weights_digest(student.state_dict()) == before
    assert pace.step_s > 0.0 and pace.epoch_s > 0.0
    assert Pace(0.01, 0.1).steps_in(10.0, per_epoch=10, validate_every=1) == 500
    assert Pace(0.01, 0.1).steps_in(10.0, per_epoch=10, validate_every=10) == 909


def test_a_damaged_schedule_is_refused(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    (tmp_path / "schedule.json").write_text('{"steps": 3}')
    with pytest.raises(InputError, match=r"schedule.json is damaged: it has no seal; remove"):
        fit(student, copper[:4], [], TrainingSettings(budget="1 s"), tmp_path, seed=1)


def test_a_missing_or_foreign_schedule_is_not_measured_again(
    copper: list[Frame],
    student: Student,
    settings: TrainingSettings,
    tmp_path: Path,
) -> None:
    timed = settings.model_copy(update={"budget": "0.15 s"})
    arguments = (student, copper[:10], copper[10:14], timed, tmp_path)
    with broken_off_in_second_epoch():
        fit(*arguments, seed=1, progress=False)
    path = tmp_path / "schedule.json"
    other = read_sealed(path) | {"training": "sha256:0"}
    path.unlink()
    with pytest.raises(InputError, match=r"schedule.json: is missing, but last.ckpt.*remove"):
        fit(*arguments, seed=1, progress=False)
    path.write_text(sealed_text(other))
    with pytest.raises(InputError, match=r"schedule.json: is of another training; remove"):
        fit(*arguments, seed=1, progress=False)
