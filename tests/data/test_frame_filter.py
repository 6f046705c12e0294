"""Frames are chosen by the values beside their labels; impossible choices are refused clearly."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ipip.config.data import DataFile
from ipip.data import Frame, read_files, write_frames
from ipip.errors import InputError


@pytest.fixture
def path(frames: list[Frame], tmp_path: Path) -> Path:
    frames = frames[:3]
    for number, frame in enumerate(frames):
        frame.info.update(T_K=300 * (number + 1), family="ab"[number % 2])
    write_frames(tmp_path / "set.xyz", frames)
    return tmp_path / "set.xyz"


def chosen(path: Path, where: dict[str, object]) -> list[object]:
    files = [DataFile.model_validate({"path": path, "where": where})]
    return [frame.info["T_K"] for frame in read_files(files)]


def test_bounds_include_their_ends_and_texts_must_be_equal(path: Path) -> None:
    assert chosen(path, {}) == [300, 600, 900]
    assert chosen(path, {"T_K": {"max": 600}}) == [300, 600]
    assert chosen(path, {"T_K": {"min": 600, "max": 600}}) == [600]
    assert chosen(path, {"family": "a"}) == [300, 900]
    assert chosen(path, {"family": "a", "T_K": {"min": 301}}) == [900]


def test_frames_of_a_store_are_chosen_too(path: Path, tmp_path: Path) -> None:
    write_frames(tmp_path / "set.lmdb", read_files([DataFile(path=path)]))
    assert chosen(tmp_path / "set.lmdb", {"family": "b"}) == [600]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            {"temperature": "1"},
            "has no 'temperature' to select by; it has T_K, config_type, family, traj",
        ),
        ({"family": {"min": 1}}, "has family 'a'; expected a number for at least 1"),
        ({"T_K": {"min": 5000}}, "none of 3 frames has T_K at least 5000; change `where`"),
    ],
)
def test_impossible_choices_are_refused(path: Path, where: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        chosen(path, where)
    assert message in str(caught.value)


@pytest.mark.parametrize("bounds", [{}, {"min": 2, "max": 1}])
def test_bounds_that_bound_nothing_are_refused(path: Path, bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        DataFile.model_validate({"path": path, "where": {"T_K": bounds}})
