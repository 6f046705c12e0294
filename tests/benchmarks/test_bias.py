"""Biased exploration is judged by the farthest frame that a truth accepts, labelled once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from benchmarks.bias.judge import BOUNDS, MOST, Judged, summary
from benchmarks.bias.runs import Condition, Explored
from benchmarks.bias.systems import SYSTEMS, Trained

from ipip.data import Frame
from ipip.export import save_student
from ipip.harvest.bounds import mean_energies_per_atom
from ipip.models import build_student

SHAKEN = (0.05, 0.1, 0.15, 0.2, 0.3, 0.9, 1.0)  # Å; at the last two nuclei collide


class Truth:
    """EMT that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frames: list[Frame]) -> list[Frame]:
        self.calls += len(frames)
        labelled = []
        for frame in frames:
            atoms = frame.to_atoms()
            atoms.calc = EMT()
            energy, forces = float(atoms.get_potential_energy()), atoms.get_forces()
            labelled.append(frame.replace(energy=energy, forces=forces))
        return labelled


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """A run whose frames get worse, with scores in that order."""
    rng, crystal = np.random.default_rng(2), bulk("Cu", cubic=True).repeat((2, 1, 1))
    frames = []
    for size in (0.0, *SHAKEN):
        atoms = crystal.copy()
        atoms.positions += size * rng.normal(size=atoms.positions.shape)
        frames.append(Frame.from_atoms(atoms))
    save_student(build_student("painn", ["Cu"], seed=1, channels=8, layers=1), tmp_path / "s.pt")
    truth = Truth()
    known = truth(frames[:1])
    trained = Trained(
        SYSTEMS[0], tmp_path / "s.pt", mean_energies_per_atom(known), {("Cu", "Cu"): 1.6}
    )
    steps, scores = 10 * np.arange(len(frames)), 1.0 + np.arange(len(frames))
    run = Explored(Condition(600.0, 70), tmp_path, 0, True, steps, scores, scores, frames)
    return Judged(trained, run, truth)


def test_the_farthest_frame_is_the_farthest_that_the_truth_accepts(judged: Judged) -> None:
    farthest = judged.farthest()
    assert farthest is not None and farthest.problem is None
    worse = judged.label(np.flatnonzero(judged.run.scores > farthest.score).tolist())
    assert len(worse) >= 2 and all(one.problem is not None for one in worse)
    assert farthest.above_mean is not None and BOUNDS.max_energy is not None
    assert farthest.above_mean < BOUNDS.max_energy
    assert judged.first_beyond(farthest.score) is None
    first = judged.first_beyond(farthest.score - 1.5)
    assert first is not None and first.score == farthest.score - 1


def test_a_frame_is_labelled_once_and_read_by_a_second_call(judged: Judged) -> None:
    truth = judged._truth
    before = truth.calls
    judged.farthest()
    judged.sample()
    assert before < truth.calls <= before + MOST + 4
    calls = truth.calls
    again = Judged(judged._trained, judged.run, truth)
    assert again.farthest() == judged.farthest() and again.sample() == judged.sample()
    assert truth.calls == calls


def test_a_summary_counts_runs_that_went_beyond_the_plain_one() -> None:
    runs = [
        {
            "stable": first is not None,
            "steps_made": 100,
            "largest_score": 3.0 + k,
            "largest_expected_ev_per_a": 1.0,
            "largest_physical_score": 2.0,
            "largest_error_there": 0.5,
            "first_step": first,
            "sample": [{"problem": None}, {"problem": "too close"}],
        }
        for k, first in enumerate((20, None, 40))
    ]
    found = summary(runs)
    assert found["new_and_physical"][:2] == [2, 3] and found["stopped"] == 1
    assert found["physical"][:2] == [3, 6]
    assert found["median_first_step"] == 30.0
    mean, low, high = found["largest_score"]
    assert mean == pytest.approx(4.0) and 3.0 <= low < mean < high <= 5.0
