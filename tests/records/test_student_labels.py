"""A student's labels are read back to the last bit, and damage to them is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.data import Frame
from ipip.records.student_labels import StudentLabels, read_student_labels, write_student_labels
from ipip.storage.sealed import DamagedError


def frames(count: int) -> list[Frame]:
    """Frames of 1, 2, ... atoms; each second one has a stress, and each third no whole cell."""
    random = np.random.default_rng(0)
    made = []
    for index in range(count):
        n = index + 1
        stress = random.normal(size=(3, 3))
        made.append(
            Frame(
                numbers=np.full(n, 16),
                positions=random.uniform(0, 6, (n, 3)),
                cell=6.0 * np.eye(3),
                pbc=np.array([True, True, index % 3 > 0]),
                energy=float(random.normal() / 3.0) - 5000.0,
                forces=random.normal(size=(n, 3)),
                stress=stress + stress.T if index % 2 else None,
            )
        )
    made[0] = made[0].replace(forces=np.array([[-0.0, 5e-324, 1e300]]))
    return made


def test_they_are_read_back_to_the_last_bit(tmp_path: Path) -> None:
    known = frames(7)
    write_student_labels(tmp_path / "labels.npz", StudentLabels.of(known))
    labels = read_student_labels(tmp_path / "labels.npz")
    assert len(labels) == 7
    bare = [frame.replace(energy=None, forces=None, stress=None) for frame in known]
    for row, (frame, expected) in enumerate(zip(bare, known, strict=True)):
        found = labels.label(row, frame)
        assert found.energy == expected.energy
        assert found.forces is not None and expected.forces is not None
        assert found.forces.tobytes() == expected.forces.tobytes()
        assert (found.stress is None) == (expected.stress is None)
        if found.stress is not None and expected.stress is not None:
            assert found.stress.tobytes() == expected.stress.tobytes()


def test_equal_labels_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_student_labels(tmp_path / name, StudentLabels.of(frames(4)))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_they_take_the_room_of_their_numbers(tmp_path: Path) -> None:
    write_student_labels(tmp_path / "labels.npz", StudentLabels.of(frames(50)))
    numbers = 24 * sum(range(1, 51)) + 50 * (8 + 8 + 72)
    assert numbers < (tmp_path / "labels.npz").stat().st_size < numbers + 1500


def test_a_label_of_another_number_of_atoms_is_refused() -> None:
    labels = StudentLabels.of(frames(3))
    with pytest.raises(ValueError, match="label 1 is of 2 atoms, the frame has 3"):
        labels.label(1, frames(3)[2])


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "another"])
def test_damage_is_noticed(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "labels.npz"
    write_student_labels(path, StudentLabels.of(frames(5)))
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    changed = {"cut": data[: len(data) // 2], "empty": b"", "another": b"frame_id,origin\n"}
    path.write_bytes(changed.get(damage, data))
    with pytest.raises(DamagedError, match=r"labels\.npz is damaged"):
        read_student_labels(path)
