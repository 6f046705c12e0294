"""Budgets of a training: times and steps, read as people write them."""

from __future__ import annotations

import pytest

from ipip.config.budget import Budget, parse_budget
from ipip.config.training import TrainingSettings, epochs_of, seconds_of, steps_of
from ipip.errors import InputError


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("90 s", Budget(seconds=90.0)),
        ("20 min", Budget(seconds=1200.0)),
        ("1.5h", Budget(seconds=5400.0)),
        ("1 d", Budget(seconds=86400.0)),
        ("5000 steps", Budget(steps=5000)),
        ("1e4 steps", Budget(steps=10000)),
    ],
)
def test_a_budget_is_read(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget


@pytest.mark.parametrize(
    "text",
    ["", "20", "0 min", "-5 min", "20 parsecs", "2.5 steps", "nan s", "1e400 steps", "1e400 h"],
)
def test_an_invalid_budget_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InputError, match=r"budget.*is no budget.*90 s, 20 min"):
        TrainingSettings(budget=text)


@pytest.mark.parametrize(
    ("frames", "batch", "epochs"), [(30, 5, 200), (450, 5, 200), (800, 5, 125), (65_000, 5, 100)]
)
def test_epochs_follow_the_number_of_frames_by_default(
    frames: int, batch: int, epochs: int
) -> None:
    settings = TrainingSettings(batch_size=batch)
    assert settings.max_epochs is None
    assert epochs_of(settings, frames) == epochs
    assert steps_of(settings, frames) == epochs * -(-frames // batch)
    assert epochs_of(TrainingSettings(max_epochs=7), frames) == 7


def test_a_budget_takes_the_place_of_epochs_and_steps() -> None:
    settings = TrainingSettings(budget="1000 steps", max_epochs=2)
    assert steps_of(settings, 50) == 1000 and seconds_of(settings) is None
    with pytest.raises(InputError, match="budget is 20 min and max_steps is 3; give one of them"):
        TrainingSettings(budget="20 min", max_steps=3)
    timed = TrainingSettings(budget="20 min")
    assert seconds_of(timed) == 1200.0
    with pytest.raises(InputError, match="not known before a training starts; give it in steps"):
        steps_of(timed, 50)
