"""The reasons why frames are not candidates."""

from __future__ import annotations

from collections.abc import Sequence

from ipip.config.harvest import HarvestSettings
from ipip.harvest.candidates import Candidate, RunSteps, choose_steps
from ipip.harvest.harvest import Decision


def rejected(
    runs: Sequence[RunSteps], settings: HarvestSettings, candidates: Sequence[Candidate]
) -> list[Decision]:
    """Return a decision with its reason for every stored frame that was not proposed.

    Args:
        runs: all runs.
        settings: of the proposal.
        candidates: of :func:`ipip.harvest.propose`.
    """
    at_random = settings.choose == "random"
    proposed = {(candidate.run, candidate.step) for candidate in candidates}
    decisions = []
    for run in runs:
        chosen = set(choose_steps(run, settings).tolist())
        for step in run.steps.tolist():
            if (run.name, step) in proposed:
                continue
            before = None if run.end_step is None else (run.end_step - step) * run.timestep
            if at_random:
                reason = "not drawn"
            elif step in chosen:
                reason = f"beyond the {settings.candidates} candidates of a harvest"
            else:
                reason = _reason(run, step, settings)
            decisions.append(Decision(run.name, run.state, step, before, False, reason))
    return decisions


def _reason(run: RunSteps, step: int, settings: HarvestSettings) -> str:
    if run.state == "failed":
        return "its run broke for other reasons than the student"
    if run.state == "stable":
        return "start of a run" if step <= 0 else f"{settings.per_run} frames of its run are enough"
    end = int(run.steps[-1]) + 1 if run.end_step is None else run.end_step
    before = (end - step) * run.timestep
    if before <= 0:
        return f"the run failed at step {end}"
    if before < settings.margin:
        return f"{before:g} fs before the failure, within the margin of {settings.margin:g} fs"
    if before > settings.window:
        return f"{before:g} fs before the failure, outside the window of {settings.window:g} fs"
    if step <= 0:
        return "start of a run"
    return f"{settings.per_run} frames of its run, every {settings.stride}. one, are enough"
