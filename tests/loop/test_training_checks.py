"""Settings of a run's trainings that cannot work are refused before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.conftest import labelled_frames

from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.loop.training_checks import check_trainings


def settings(**changes: dict[str, Any]) -> RunSettings:
    values = quick_values() | {"elements": ["Ar"]}
    for name, more in changes.items():
        values[name] = values[name] | more
    return RunSettings.model_validate(values)


@pytest.fixture
def frames() -> list[Frame]:
    return labelled_frames()


def test_what_fits_is_accepted(frames: list[Frame]) -> None:
    check_trainings(settings(finetune={"freeze": ["embedding*"]}), frames[:6], frames[6:])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pretrain": {"freeze": ["embeding*"]}}, r"pretrain: freeze: 'embeding\*' matches no"),
        ({"finetune": {"config_type_weights": {"hot": 2}}}, "finetune: config_type_weights names"),
        ({"finetune": {"stress_weight": 1}}, "finetune: stress_weight is 1.*no training frame"),
        (
            {"pretrain": {"precision": "bf16"}, "student": {"dtype": "float64"}},
            r"pretrain: precision is bf16 with a float64 student",
        ),
    ],
)
def test_what_does_not_fit_names_the_training(
    changes: dict[str, dict[str, Any]], message: str, frames: list[Frame]
) -> None:
    with pytest.raises(InputError, match=message):
        check_trainings(settings(**changes), frames[:6], frames[6:])
