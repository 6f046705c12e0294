"""Labels by a model file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip import build_student, save_student
from ipip.data import Frame
from ipip.errors import InputError
from ipip.evaluation import predict_file
from ipip.train import predict


def write(folder: Path, architecture: str = "painn") -> Path:
    student = build_student(
        architecture, ["Cu", "Au"], seed=3, channels=8, layers=2, cutoff=4.0, dtype="float64"
    )
    student.set_energy_scale([-1.0, -2.0], 2.0, 0.1)
    save_student(student, folder / "student.pt")
    return folder / "student.pt"


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
def test_a_file_labels_frames_as_its_network_does(
    copper: list[Frame], architecture: str, tmp_path: Path
) -> None:
    from ipip import load_student

    path = write(tmp_path, architecture)
    open_frame = copper[0].replace(pbc=np.zeros(3, bool))
    frames = [*copper, open_frame]
    expected = predict(load_student(path), frames)
    for one, two in zip(expected, predict_file(path, frames), strict=True):
        assert two.energy == pytest.approx(one.energy, rel=1e-9)
        np.testing.assert_allclose(two.forces, one.forces, atol=1e-8)
        if one.stress is None:
            assert two.stress is None
        else:
            np.testing.assert_allclose(two.stress, one.stress, atol=1e-10)
        assert two.info == one.info


def test_wrong_frames_are_named(copper: list[Frame], tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(InputError, match="Ag"):
        predict_file(path, [copper[0].replace(numbers=np.full(len(copper[0]), 47))])
    flat = copper[0].replace(cell=np.zeros((3, 3)), pbc=np.ones(3, bool))
    with pytest.raises(InputError, match="frame 1: direction a is periodic"):
        predict_file(path, [copper[0], flat])
    assert predict_file(path, []) == []
