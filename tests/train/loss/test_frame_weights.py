"""Weights of kinds act in a training, and wrong ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame, read_frames, write_frames
from ipip.errors import InputError
from ipip.evaluation import metrics
from ipip.models import Student
from ipip.train import fit, predict


def test_a_kind_with_weight_0_is_not_learnt(
    copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    wrong = [
        frame.replace(forces=-5 * frame.forces) if frame.info["config_type"] == "alloy" else frame  # type: ignore[operator]
        for frame in copper
    ]
    errors = {}
    for weight in (0.0, 1.0):
        settings = TrainingSettings(
            max_epochs=25,
            learning_rate=1e-2,
            ema_decay=0.9,
            energy_weight=0.0,
            config_type_weights={"alloy": weight},
        )
        folder = tmp_path / str(weight)
        result = fit(student, wrong, [], settings, folder, seed=1, progress=False)
        kinds = metrics(copper, predict(result.student, copper))["by_config_type"]
        errors[weight] = kinds["copper"]["force_mae_ev_per_a"]
    assert errors[0.0] < 0.5 * errors[1.0]


@pytest.mark.parametrize("name", ["a.xyz", "a.db", "a.lmdb"])
def test_weights_of_frames_travel_in_files(name: str, copper: list[Frame], tmp_path: Path) -> None:
    weighted = [frame.replace(weight=0.1 * index) for index, frame in enumerate(copper[:12])]
    write_frames(tmp_path / name, weighted)
    assert [f.weight for f in read_frames(tmp_path / name)] == [f.weight for f in weighted]


def test_wrong_weights_are_refused(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    chosen = settings.model_copy(update={"config_type_weights": {"aloy": 2.0}})
    message = "names aloy, which no training frame has; expected some of alloy, copper"
    with pytest.raises(InputError, match=message):
        fit(student, copper, [], chosen, tmp_path / "a", seed=1)
    none = [frame.replace(weight=0.0) for frame in copper]
    with pytest.raises(InputError, match="all training frames have weight 0"):
        fit(student, none, [], settings, tmp_path / "a", seed=1)
    write_frames(tmp_path / "a.xyz", [copper[0].replace(weight=-1.0)])
    with pytest.raises(InputError, match="weight 'config_weight' is -1; expected 0 or more"):
        read_frames(tmp_path / "a.xyz")
