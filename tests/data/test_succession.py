"""Frames of a trajectory are distinguished from independent frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.md.langevin import Langevin

from ipip.config.data import DataKeys
from ipip.data import Frame, read_frames
from ipip.data.succession import displacement, follow_one_another


def trajectory(interval: int, count: int = 30, seed: int = 1) -> list[Frame]:
    """Copper at 600 K, a frame every `interval` steps of 2 fs."""
    atoms = bulk("Cu", cubic=True).repeat(2)
    atoms.rattle(0.05, seed=seed)
    atoms.calc = EMT()
    rng = np.random.default_rng(seed)
    md = Langevin(atoms, 2 * units.fs, temperature_K=600, friction=0.01 / units.fs, rng=rng)
    frames = []
    for _ in range(count):
        md.run(interval)
        frames.append(Frame.from_atoms(atoms))
    return frames


def rattled(count: int = 30, copies: int = 1) -> list[Frame]:
    """Copper cells rattled one by one, or small changes of a few of them."""
    rng = np.random.default_rng(2)
    frames = []
    for _ in range(count // copies):
        atoms = bulk("Cu", cubic=True).repeat(2)
        atoms.positions += 0.2 * rng.normal(size=atoms.positions.shape)
        for _ in range(copies):
            copy = atoms.copy()
            copy.positions += 0.02 * rng.normal(size=atoms.positions.shape)
            frames.append(Frame.from_atoms(copy))
    return frames


def test_frames_close_in_time_follow_one_another_and_independent_ones_do_not() -> None:
    assert follow_one_another(trajectory(interval=5))
    assert follow_one_another([*trajectory(5, 15), *trajectory(5, 15, seed=4)])
    assert not follow_one_another(rattled())
    shuffled = trajectory(interval=5)
    np.random.default_rng(1).shuffle(shuffled)  # type: ignore[arg-type]
    assert not follow_one_another(shuffled)


def test_copies_of_a_few_structures_follow_one_another_too() -> None:
    assert follow_one_another(rattled(copies=5))


def test_the_shipped_labels_are_trajectories(repository: Path) -> None:
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    assert follow_one_another(read_frames(repository / "examples/mo-s-o/data/mso_pbe_d3.xyz", keys))


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_nothing_is_reported_for_very_few_frames(count: int) -> None:
    assert not follow_one_another(trajectory(5, 4)[:count])


def test_a_displacement_goes_to_the_nearest_image() -> None:
    cell = np.array([[4.0, 0, 0], [1.0, 5.0, 0], [0, 0, 6.0]])
    ones, zero = np.ones(3, bool), np.zeros((1, 3))
    frame = Frame(np.array([29]), zero, cell, ones)
    other = frame.replace(positions=cell[[1]] + cell[[2]] + [[0.3, 0.0, 0.4]])
    assert displacement(frame, other) == pytest.approx(0.5)
    open_frame = frame.replace(pbc=np.zeros(3, bool))
    assert displacement(open_frame, other) > 7.0
