"""Systems that move, evaluated by one student in turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip import build_student, save_student
from ipip.data import Frame
from ipip.doctor.trial import SMALL_STUDENT
from ipip.evaluation import BACKENDS, open_student
from ipip.graph import species_index
from ipip.native import core
from ipip.physics.laws.structures import packed_box

SYMBOLS = ["Cu", "Au"]


@pytest.mark.parametrize("backend", [backend for backend in BACKENDS if backend != "auto"])
def test_two_systems_that_one_student_follows_do_not_mix(backend: str, tmp_path: Path) -> None:
    student = build_student("painn", SYMBOLS, seed=3, channels=8, layers=2, dtype="float64")
    save_student(student, tmp_path / "student.pt")
    opened, _ = open_student(tmp_path / "student.pt", backend=backend)
    frames = [Frame.from_atoms(packed_box(SYMBOLS, seed)) for seed in (0, 5)]
    species = [species_index(frame.numbers, SYMBOLS) for frame in frames]
    expected = opened.evaluate_frames(frames)
    followed = [opened.follow(skin=1.0) for _ in frames]
    for _ in range(2):
        for moving, frame, own, alone in zip(followed, frames, species, expected, strict=True):
            found = moving.evaluate(own, frame.positions, frame.cell, frame.pbc)
            np.testing.assert_allclose(found.energies, alone.energies, rtol=1e-10)
            np.testing.assert_allclose(found.forces, alone.forces, atol=1e-9)
            np.testing.assert_allclose(found.strain, alone.strain, atol=1e-9)


def test_candidates_that_a_student_refuses_are_refused_again() -> None:
    moving = open_student(SMALL_STUDENT)[0].follow(skin=1.0)
    positions, cell = np.array([[0.0, 0, 0], [1, 0, 0]]), 8 * np.eye(3)
    for _ in range(2):
        with pytest.raises(core.CoreError, match="do not fit each other"):
            moving.evaluate(np.array([0, 2]), positions, cell, True)
    assert np.isfinite(moving.evaluate(np.array([0, 1]), positions, cell, True).energies).all()
