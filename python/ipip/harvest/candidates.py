"""The candidates among the stored frames of runs: unstable runs first, before their failure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ipip.config.harvest import HarvestSettings


@dataclasses.dataclass(frozen=True)
class RunSteps:
    """The data on a run that the harvest needs.

    Attributes:
        name: of the run.
        state: "stable", "unstable", or "failed" (such runs are ignored).
        end_step: last step, which crossed a guard if the run is unstable; None: unknown.
        steps: [n] steps of the stored frames, ascending.
        timestep: fs.
    """

    name: str
    state: str
    end_step: int | None
    steps: npt.NDArray[np.int64]
    timestep: float


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A stored frame that may become a training frame.

    Attributes:
        run: name of its run.
        state: of its run.
        step: of the frame.
        before_end: fs from the frame to the run's end, or None if unknown.
    """

    run: str
    state: str
    step: int
    before_end: float | None


def propose(runs: Sequence[RunSteps], settings: HarvestSettings) -> list[Candidate]:
    """Select the candidates of a round.

    Runs alternate (frames nearest to the failure first) until the quota is full: first unstable
    runs, then stable ones.

    Args:
        runs: all runs of the round.
        settings: window and margin (fs), stride, per_run, candidates.

    Returns:
        At most ``settings.candidates`` candidates, in order of preference.
    """
    chosen: list[Candidate] = []
    for state in ("unstable", "stable"):
        queues = [
            [_candidate(run, int(step)) for step in choose_steps(run, settings)]
            for run in runs
            if run.state == state
        ]
        for turn in range(max((len(queue) for queue in queues), default=0)):
            chosen += [queue[turn] for queue in queues if turn < len(queue)]
    return chosen[: settings.candidates]


def propose_at_random(
    runs: Sequence[RunSteps], settings: HarvestSettings, seed: int
) -> list[Candidate]:
    """Draw candidates from the stored frames of all runs with equal probability.

    The first frame of a run, and all frames from the step that crossed a guard on, are excluded.

    Args:
        runs: all runs of the round; runs that failed for other reasons are excluded.
        settings: number of candidates.
        seed: of the draw.

    Returns:
        At most ``settings.candidates`` candidates, in the order they were drawn.
    """
    pool = [
        _candidate(run, int(step))
        for run in runs
        if run.state in ("stable", "unstable")
        for step in np.unique(run.steps)
        if step > 0 and (run.state == "stable" or run.end_step is None or step < run.end_step)
    ]
    order = np.random.default_rng(seed).permutation(len(pool))[: settings.candidates]
    return [pool[index] for index in order]


def choose_steps(run: RunSteps, settings: HarvestSettings) -> npt.NDArray[np.int64]:
    """Select steps of one run, in order of preference.

    Unstable: the window before the failure, without the step that crossed a guard, every
    ``stride``-th frame counted back from the end, thinned evenly to ``per_run``; if the window is
    empty, the last stored frame before the failure. Stable: ``per_run`` evenly spread frames,
    without step 0.

    Returns:
        [m] steps, m <= ``settings.per_run``.
    """
    steps = np.unique(run.steps)
    if run.state == "stable":
        steps = steps[steps > 0]
        return steps[_spread(len(steps), settings.per_run)][::-1]
    if run.state != "unstable" or len(steps) == 0:
        return np.zeros(0, dtype=np.int64)
    end = int(steps[-1]) + 1 if run.end_step is None else run.end_step
    before = steps[steps < end]
    first = end - settings.window / run.timestep
    last = end - settings.margin / run.timestep
    inside = before[(before >= first) & (before <= last) & (before > 0)][::-1][:: settings.stride]
    if len(inside) == 0:
        return before[before <= last][-1:]
    return inside[_spread(len(inside), settings.per_run)]


def _spread(available: int, count: int) -> npt.NDArray[np.int64]:
    """Return ``count`` indices of ``available`` items, evenly spread, first and last included."""
    if available <= count:
        return np.arange(available)
    if count == 1:
        return np.array([0])
    return np.round(np.linspace(0, available - 1, count)).astype(np.int64)


def _candidate(run: RunSteps, step: int) -> Candidate:
    before = None if run.end_step is None else (run.end_step - step) * run.timestep
    return Candidate(run=run.name, state=run.state, step=step, before_end=before)
