"""Judges runs: how far from training they found frames that the truth accepts.

A frame is physical by the bounds that keep frames out of a harvest: pairs no closer than the loop's
calibration on the teacher's MD allows (0.8 of the covalent sum would refuse every Mo=O double bond,
whose length is 0.77 of it), the truth's largest force, and its energy above the mean of training.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from ase.formula import Formula
from benchmarks.bias.runs import Explored, FloatArray
from benchmarks.bias.systems import Trained

from ipip.config.harvest import HarvestSettings
from ipip.data import Frame
from ipip.evaluation.students import open_student
from ipip.harvest.bounds import geometry_problem, label_problem
from ipip.stability.intervals import wilson_interval

BOUNDS = HarvestSettings(max_force=20.0, max_energy=0.4)  # eV/Å; eV/atom above the mean
SAMPLED = 4  # frames of a run that the truth labels, evenly spread
AT_ONCE, MOST = 3, 9  # frames labelled in the search for a physical one
Label = Callable[[list[Frame]], list[Frame]]


@dataclasses.dataclass
class Labelled:
    """A frame and its results by the truth.

    Attributes:
        step: step of its run.
        score: largest score of an atom.
        problem: why it is not physical, or None.
        above_mean: energy by the truth above the mean, eV/atom; None if it gave none.
        largest_force: largest force by the truth, eV/Å.
        largest_error: largest error of the student's forces, eV/Å.
    """

    step: int
    score: float
    problem: str | None
    above_mean: float | None
    largest_force: float | None
    largest_error: float | None


class Judged:
    """Labels of the frames of a run, stored in its folder.

    Args:
        trained: the student that ran.
        run: its run.
        truth: labels frames.
    """

    def __init__(self, trained: Trained, run: Explored, truth: Label) -> None:
        self._trained, self.run, self._truth = trained, run, truth
        self._path = run.folder / "labelled.json"
        plain = json.loads(self._path.read_text()) if self._path.exists() else []
        known = [Labelled(**one) for one in plain]
        self._known = {one.step: one for one in known}

    def label(self, places: Iterable[int]) -> list[Labelled]:
        """Return the truth's results for frames, by their index in the run."""
        wanted = list(places)
        new = [k for k in wanted if int(self.run.steps[k]) not in self._known]
        if new:
            student, _ = open_student(self._trained.model)
            frames = [self.run.frames[k] for k in new]
            for k, frame, known in zip(new, frames, self._truth(frames), strict=True):
                problem = geometry_problem(frame, self._trained.min_distances)
                problem = problem or label_problem(known, BOUNDS, self._trained.mean_energies)
                above = force = error = None
                if known.energy is not None and known.forces is not None:
                    above = known.energy / len(known) - self._mean(known)
                    force = float(np.linalg.norm(known.forces, axis=1).max())
                    own = student.evaluate_frames([frame])[0].forces
                    error = float(np.linalg.norm(own - known.forces, axis=1).max())
                step, score = int(self.run.steps[k]), float(self.run.scores[k])
                self._known[step] = Labelled(step, score, problem, above, force, error)
            plain = [dataclasses.asdict(one) for one in self._known.values()]
            self._path.write_text(json.dumps(plain) + "\n")
        return [self._known[int(self.run.steps[k])] for k in wanted]

    def _mean(self, frame: Frame) -> float:
        symbols = frame.to_atoms().get_chemical_symbols()
        return self._trained.mean_energies[str(Formula.from_list(symbols).format("hill"))]

    def first_physical(self, places: Sequence[int]) -> Labelled | None:
        """Return the first of some frames that is physical, of the first `MOST` of them."""
        for at in range(0, min(len(places), MOST), AT_ONCE):
            for one in self.label(places[at : at + AT_ONCE]):
                if one.problem is None:
                    return one
        return None

    def farthest(self) -> Labelled | None:
        """Return the physical frame that is farthest from training, among the labelled ones.

        Frames with the highest scores are labelled until one is physical; if none of the first
        `MOST` is, the other labelled frames count.
        """
        later = np.flatnonzero(self.run.steps > 0)
        order = later[np.argsort(-self.run.scores[later], kind="stable")]
        self.first_physical(order.tolist())
        physical = [one for one in self._known.values() if one.problem is None and one.step > 0]
        return max(physical, key=lambda one: one.score, default=None)

    def first_beyond(self, threshold: float) -> Labelled | None:
        """Return the first physical frame whose score is above a threshold."""
        beyond = (self.run.scores > threshold) & (self.run.steps > 0)
        return self.first_physical(np.flatnonzero(beyond).tolist())

    def sample(self) -> list[Labelled]:
        """Return some of all frames, evenly spread."""
        later = np.flatnonzero(self.run.steps > 0)
        places = np.linspace(0, len(later) - 1, SAMPLED).round().astype(int)
        return self.label(later[np.unique(places)].tolist()) if len(later) else []


def summary(runs: Sequence[dict[str, Any]], draws: int = 2000) -> dict[str, Any]:
    """Return the figures of a condition over its runs, with 95 % intervals."""

    def over_runs(name: str) -> list[float]:
        return interval(np.array([run[name] for run in runs], dtype=np.float64), draws)

    new = sum(run["first_step"] is not None for run in runs)
    sampled = [frame for run in runs for frame in run["sample"]]
    physical = sum(frame["problem"] is None for frame in sampled)
    first = [run["first_step"] for run in runs if run["first_step"] is not None]
    errors = [run["largest_error_there"] for run in runs if run["largest_error_there"] is not None]
    return {
        "runs": len(runs),
        "stopped": sum(not run["stable"] for run in runs),
        "steps_made": sum(run["steps_made"] for run in runs),
        "largest_score": over_runs("largest_score"),
        "largest_expected_ev_per_a": over_runs("largest_expected_ev_per_a"),
        "largest_physical_score": over_runs("largest_physical_score"),
        "new_and_physical": [new, len(runs), *wilson_interval(new, len(runs))],
        "physical": [physical, len(sampled), *wilson_interval(physical, len(sampled))],
        "median_first_step": float(np.median(first)) if first else None,
        "mean_largest_error_there_ev_per_a": float(np.mean(errors)) if errors else None,
    }


def interval(values: FloatArray, draws: int) -> list[float]:
    """Return the mean over runs and its 95 % bootstrap interval."""
    draw = np.random.default_rng(0).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(values[draw].mean(axis=1), (0.025, 0.975))
    return [float(values.mean()), float(low), float(high)]
