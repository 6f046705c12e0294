"""What runs came to: scores that no longer plain run reached, in frames that the truth accepts.

A frame is physical by the bounds that keep frames out of a harvest: pairs no closer than the loop's
calibration on the teacher's MD allows (0.8 of a covalent sum would refuse every Mo=O double bond,
whose length is 0.77 of it), the truth's largest force, and its energy above the mean of training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from benchmarks.bias.runs import Explored, FloatArray
from benchmarks.bias.systems import Trained

from ipip.config.harvest import HarvestSettings
from ipip.data import Frame
from ipip.evaluation.students import open_student
from ipip.harvest.bounds import geometry_problem, label_problem
from ipip.stability.intervals import wilson_interval

BOUNDS = HarvestSettings(max_force=20.0, max_energy=0.4)  # eV/Å; eV/atom above the mean
SAMPLED = 4  # frames of a run that the truth labels, evenly spread
BEYOND = 4  # frames of a run above every score of the longer plain run, evenly spread
Label = Callable[[list[Frame]], list[Frame]]


@dataclasses.dataclass
class Labelled:
    """A frame and what the truth says of it.

    Attributes:
        step: of its run.
        score: largest of an atom.
        problem: why it is not physical, or None.
        above_mean: eV/atom, of the truth's energy; None where it gave none.
        largest_force: eV/Å, of the truth.
        largest_error: eV/Å, of the student's forces.
    """

    step: int
    score: float
    problem: str | None
    above_mean: float | None
    largest_force: float | None
    largest_error: float | None


def choose(explored: Explored, threshold: float) -> tuple[list[int], list[int]]:
    """Return which frames of a run are labelled: a sample of all, and some above a score."""
    later = np.flatnonzero(explored.steps > 0)
    beyond = np.flatnonzero((explored.scores > threshold) & (explored.steps > 0))
    return _spread(later, SAMPLED), _spread(beyond, BEYOND)


def _spread(places: Any, count: int) -> list[int]:
    if len(places) == 0:
        return []
    return sorted(
        {int(places[k]) for k in np.linspace(0, len(places) - 1, count).round().astype(int)}
    )


def label(
    trained: Trained, explored: Explored, places: Sequence[int], truth: Label
) -> dict[int, Labelled]:
    """Have the truth label frames of a run."""
    if not places:
        return {}
    frames = [explored.frames[k] for k in places]
    student, _ = open_student(trained.model)
    found = {}
    for k, frame, known in zip(places, frames, truth(frames), strict=True):
        problem = geometry_problem(frame, trained.min_distances)
        problem = problem or label_problem(known, BOUNDS, trained.mean_energies)
        above = force = error = None
        if known.energy is not None and known.forces is not None:
            (mean,) = _mean_of(trained, known)
            above = known.energy / len(known) - mean
            force = float(np.linalg.norm(known.forces, axis=1).max())
            own = student.evaluate_frames([frame])[0].forces
            error = float(np.linalg.norm(own - known.forces, axis=1).max())
        found[k] = Labelled(
            int(explored.steps[k]), float(explored.scores[k]), problem, above, force, error
        )
    return found


def _mean_of(trained: Trained, frame: Frame) -> tuple[float]:
    formula = frame.to_atoms().get_chemical_formula(mode="hill")
    return (trained.mean_energies[formula],)


def summary(runs: Sequence[dict[str, Any]], draws: int = 2000) -> dict[str, Any]:
    """Return the figures of a condition over its runs, with 95 % intervals."""
    reached = np.array([run["largest_score"] for run in runs])
    relative = np.array([run["largest_score"] / run["threshold"] for run in runs])
    expected = np.array([run["largest_expected_ev_per_a"] for run in runs])
    new = sum(run["reached_physical"] for run in runs)
    sampled = [frame for run in runs for frame in run["sample"]]
    beyond = [frame for run in runs for frame in run["beyond"]]
    physical = sum(frame["problem"] is None for frame in sampled)
    physical_beyond = sum(frame["problem"] is None for frame in beyond)
    errors = [f["largest_error"] for f in beyond if f["problem"] is None]
    first = [run["first_step"] for run in runs if run["first_step"] is not None]
    return {
        "runs": len(runs),
        "stopped": sum(not run["stable"] for run in runs),
        "largest_score": interval(reached, draws),
        "largest_score_of_plain": interval(relative, draws),
        "largest_expected_ev_per_a": interval(expected, draws),
        "new_and_physical": [new, len(runs), *wilson_interval(new, len(runs))],
        "physical": [physical, len(sampled), *wilson_interval(physical, len(sampled))],
        "physical_beyond": [
            physical_beyond,
            len(beyond),
            *wilson_interval(physical_beyond, len(beyond)),
        ],
        "share_beyond": float(np.mean([run["share_beyond"] for run in runs])),
        "median_first_step": float(np.median(first)) if first else None,
        "mean_largest_error_beyond_ev_per_a": float(np.mean(errors)) if errors else None,
    }


def interval(values: FloatArray, draws: int) -> list[float]:
    """Return the mean over runs and its 95 % bootstrap interval."""
    draw = np.random.default_rng(0).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(values[draw].mean(axis=1), (0.025, 0.975))
    return [float(values.mean()), float(low), float(high)]
