"""Splits: whole groups, stored, and tied to their frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.data import Frame, Split, group_names, split_frames
from ipip.errors import InputError


def many(n: int, per_group: int = 3) -> list[Frame]:
    """Return n frames of two atoms, `per_group` in a group."""
    return [
        Frame(
            np.array([8, 8]),
            np.array([[0, 0, 0], [1.2 + 0.01 * i, 0, 0]]),
            np.zeros((3, 3)),
            np.zeros(3, bool),
            energy=float(i),
            forces=np.zeros((2, 3)),
            info={"traj": i // per_group},
        )
        for i in range(n)
    ]


def test_parts_are_disjoint_and_complete_and_follow_the_seed() -> None:
    frames = many(40)
    split = split_frames(frames, valid=0.1, test=8, seed=3)
    assert sorted(split.train + split.valid + split.test) == list(range(40))
    assert (len(split.valid), len(split.test)) == (4, 8)
    assert split == split_frames(frames, valid=0.1, test=8, seed=3)
    assert split != split_frames(frames, valid=0.1, test=8, seed=4)


def test_groups_stay_whole() -> None:
    frames = many(40)
    split = split_frames(frames, valid=0.1, test=0.25, seed=1, group_key="traj")
    groups = [
        {frames[i].info["traj"] for i in part} for part in (split.train, split.valid, split.test)
    ]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert abs(len(split.test) - 10) <= 1 and len(split.valid) in (3, 4, 5)


def test_a_number_of_training_frames_leaves_the_rest_out() -> None:
    split = split_frames(many(40), valid=4, test=8, train=10, seed=1)
    assert len(split.train) == 10


def test_each_frame_without_a_group_is_a_separate_group() -> None:
    frames = many(7)
    assert group_names(frames, "traj") == ["0", "0", "0", "1", "1", "1", "2"]
    assert group_names(frames, None) == ["0", "1", "2", "3", "4", "5", "6"]


def test_single_atoms_always_train() -> None:
    atom = Frame(np.array([8]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool), energy=0.0)
    for seed in range(5):
        split = split_frames([*many(10), atom], valid=4, test=4, seed=seed)
        assert 10 in split.train


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"valid": 30, "test": 30}, "requests 60 frames, but only 40 exist"),
        ({"valid": 1.5, "test": 1}, "fraction below 1 or a whole number"),
        ({"valid": 20, "test": 20}, "leaves no frame for train"),
        ({"valid": 1, "test": 1, "group_key": "run"}, "frame 0 has no group 'run'"),
    ],
)
def test_impossible_splits_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_frames(many(40), seed=1, **arguments)  # type: ignore[arg-type]


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(InputError, match="in 1 groups by 'traj'"):
        split_frames(many(6, per_group=6), valid=2, test=2, seed=1, group_key="traj")


def test_a_stored_split_belongs_to_its_frames(tmp_path: Path) -> None:
    frames = many(20)
    split = split_frames(frames, valid=2, test=2, seed=1)
    split.save(tmp_path / "split.json")
    assert Split.load(tmp_path / "split.json", frames) == split
    with pytest.raises(InputError, match="is a split of other frames"):
        Split.load(tmp_path / "split.json", [frames[0].replace(energy=9.0), *frames[1:]])
    with pytest.raises(InputError, match="beyond the existing 5"):
        Split.load(tmp_path / "split.json", frames[:5])
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(InputError, match="is not a stored split"):
        Split.load(tmp_path / "bad.json", frames)
    with pytest.raises(InputError, match="cannot be read"):
        Split.load(tmp_path / "none.json", frames)
