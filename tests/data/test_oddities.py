"""Duplicates and outliers are found; ordinary frames are not called so."""

from __future__ import annotations

import numpy as np
import pytest

from ipip.data import Frame, statistics
from ipip.data.duplicates import find_duplicates
from ipip.data.outliers import find_outliers


def test_copies_are_found_within_and_across_parts(frames: list[Frame]) -> None:
    moved = frames[0].replace(positions=frames[0].positions + np.array([1.0, -2.0, 3.0]))
    shifted = frames[3].positions.copy()
    shifted[1] += 0.01
    parts = {
        "train": [*frames[:3], moved],
        "valid": [frames[3].replace(positions=shifted)],
        "test": [frames[1].replace(energy=-1.0), frames[3]],
    }
    found = find_duplicates(parts)
    assert found.repeated == {"train": 1, "valid": 0, "test": 0}
    assert found.shared == {"train/test": 1}
    assert found.conflicting == 1
    assert found.examples == [("train", 0, "train", 3), ("train", 1, "test", 0)]


@pytest.fixture
def many() -> list[Frame]:
    """Thirty frames of two compositions whose energies follow the composition within 5 meV."""
    random = np.random.default_rng(1)
    frames = []
    for index in range(30):
        numbers = np.array([42, 8, 8] if index % 2 else [42, 8])
        n = len(numbers)
        stress = 0.01 * random.normal(size=(3, 3))
        frames.append(
            Frame(
                numbers,
                random.uniform(0, 5, (n, 3)),
                np.eye(3) * 9,
                np.ones(3, bool),
                energy=-100.0 - 20.0 * n + 0.005 * n * random.normal(),
                forces=random.normal(size=(n, 3)),
                stress=stress + stress.T,
            )
        )
    return frames


def test_ordinary_frames_are_no_outliers(many: list[Frame]) -> None:
    assert find_outliers(many) == []
    assert find_outliers(many[:3]) == []


def test_a_wrong_label_is_an_outlier(many: list[Frame]) -> None:
    many[4] = many[4].replace(energy=float(many[4].energy or 0) + 2.0)
    many[9] = many[9].replace(forces=np.array(many[9].forces) * 1e4)
    many[11] = many[11].replace(stress=np.eye(3) * 3.0)
    found = find_outliers(many)
    assert {(o.frame, o.what.split(" (")[0]) for o in found} == {
        (4, "energy beyond composition"),
        (9, "largest |force|"),
        (11, "pressure"),
    }
    force = next(o for o in found if o.frame == 9)
    assert force.value > 1e3 * force.typical > 1e3
    pressure = next(o for o in found if o.frame == 11)
    assert pressure.value == pytest.approx(-3.0)


def test_statistics_include_stresses_weights_and_sampled_neighbours(many: list[Frame]) -> None:
    many[0] = many[0].replace(weight=2.5)
    s = statistics(many, 4.0)
    assert s.stress_max == max(float(np.abs(f.stress).max()) for f in many)  # type: ignore[arg-type]
    assert s.weight_range == (1.0, 2.5) and s.neighbour_frames == 30
    assert statistics(many, 4.0, neighbour_frames=10).neighbour_frames == 10
