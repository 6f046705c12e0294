"""A pretraining set is an index: it chooses stored frames and the label of each."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ipip.data import Frame, write_frames
from ipip.data.store import FrameStore
from ipip.decisions.pretraining_set import SetEntry
from ipip.errors import InputError, IpipError
from ipip.records.frame_origins import FrameOrigin, origin_of, read_origins, write_origins
from ipip.records.pretraining_index import read_index, write_index
from ipip.records.pretraining_set import PretrainingSet
from ipip.records.student_labels import StudentLabels

SHIFT = -10.0 / 3.0


def stored_frames(origin: int, count: int) -> list[Frame]:
    """Frames as a stage stores them: of one run, two atoms each, energy 100 origin + number."""
    random = np.random.default_rng(origin)
    return [
        Frame(
            numbers=np.array([29, 79]),
            positions=random.uniform(0, 4, (2, 3)),
            cell=4.0 * np.eye(3),
            pbc=np.array([True, True, True]),
            energy=100.0 * origin + number,
            forces=random.normal(size=(2, 3)),
            info={"traj": "a", "md_step": number, "charge": 1, "temperature_k": 300.0},
        )
        for number in range(count)
    ]


def origins_of(origin: int, frames: list[Frame]) -> list[FrameOrigin]:
    return [
        origin_of(frame, f"round_{origin:03d}/a/{number}", SHIFT * len(frame))
        for number, frame in enumerate(frames)
    ]


ENTRIES = [
    SetEntry("round_000/a/2", 0, "student 0", number=2),
    SetEntry("round_000/a/0", 0, "teacher", held_out=True, number=0),
    SetEntry("round_001/a/1", 1, "teacher", number=1),
    SetEntry("round_000/a/3", 0, "student 0", number=3),
]
FRAMES = {0: stored_frames(0, 4), 1: stored_frames(1, 2)}
ORIGINS = {index: origins_of(index, frames) for index, frames in FRAMES.items()}
LABELS = StudentLabels.of(
    [FRAMES[0][0].replace(energy=value, forces=np.full((2, 3), value)) for value in (-1.5, -2.5)]
)


def test_each_frame_has_the_label_that_its_entry_names(tmp_path: Path) -> None:
    stores = {}
    for index, frames in FRAMES.items():
        write_frames(tmp_path / f"{index}.lmdb", frames)
        stores[index] = FrameStore(tmp_path / f"{index}.lmdb")
    known = PretrainingSet(ENTRIES, stores, ORIGINS, LABELS)
    found = list(known)
    assert [frame.energy for frame in found] == [-1.5, 2 * SHIFT, 101.0 + 2 * SHIFT, -2.5]
    assert np.array_equal(found[3].forces, np.full((2, 3), -2.5))  # type: ignore[arg-type]
    for frame, entry in zip(found, ENTRIES, strict=True):
        source = FRAMES[entry.origin][entry.number]
        assert np.array_equal(frame.positions, source.positions)
        if entry.label == "teacher":
            assert np.array_equal(frame.forces, source.forces)  # type: ignore[arg-type]
    assert found[1].info == {
        **{"traj": "a", "md_step": 0, "charge": 1, "frame_id": "round_000/a/0"},
        **{"origin": 0, "label": "teacher", "held_out": True},
    }
    assert [frame.energy for frame in known.read_teacher([0, 3])] == [2 + 2 * SHIFT, 3 + 2 * SHIFT]
    assert known[-1].energy == -2.5 and [f.energy for f in known[::2]] == [-1.5, 101 + 2 * SHIFT]


def test_an_index_that_does_not_fit_the_frames_is_an_error() -> None:
    moved = [dataclasses.replace(ENTRIES[2], number=0)]
    with pytest.raises(IpipError, match=r"names round_001/a/1 as frame 0 .*round_001/a/0 is"):
        PretrainingSet(moved, FRAMES, ORIGINS)[0]
    beyond = [dataclasses.replace(ENTRIES[2], number=2)]
    with pytest.raises(IpipError, match=r"round_001/a/1 as frame 2 of round 1, which stored 2"):
        PretrainingSet(beyond, FRAMES, ORIGINS)
    with pytest.raises(IpipError, match=r"2 frames that a student labelled, and 0 such labels"):
        PretrainingSet(ENTRIES, FRAMES, ORIGINS)


def test_a_label_of_another_frame_is_an_error() -> None:
    water = dataclasses.replace(FRAMES[0][0], numbers=np.array([8, 1, 1]), positions=np.eye(3))
    labels = StudentLabels.of([water.replace(energy=0.0, forces=np.zeros((3, 3)))] * 2)
    known = PretrainingSet(ENTRIES, FRAMES, ORIGINS, labels)
    with pytest.raises(IpipError, match=r"round_000/a/2: label 0 is of 3 atoms, the frame has 2"):
        known[0]


def test_index_and_origins_are_read_back_to_the_last_bit(tmp_path: Path) -> None:
    write_index(tmp_path / "frames.csv", ENTRIES, [0.25])
    assert read_index(tmp_path / "frames.csv") == ENTRIES
    write_origins(tmp_path / "origins.csv", ORIGINS[0])
    assert read_origins(tmp_path / "origins.csv") == ORIGINS[0]
    assert (ORIGINS[0][0].formula, ORIGINS[0][0].atoms) == ("Au1Cu1", 2)


def test_a_table_of_another_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    path.write_text("frame_id,origin,run,step,formula,atoms,label\nround_000/a/0,0,a,0,Cu1,1,t\n")
    with pytest.raises(InputError, match=r"frames\.csv: has the columns .*another version of ipip"):
        read_index(path)
