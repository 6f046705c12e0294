"""What the rounds of a run came to, and what that decides, from the manifests of its stages."""

from __future__ import annotations

from collections.abc import Mapping

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import RoundOutcome
from ipip.decisions.next_round import NextRound, Spent, harvest_is_over, next_round
from ipip.records.manifest import Manifest
from ipip.stages.evaluate import EVALUATE
from ipip.stages.harvest import HARVEST

Manifests = Mapping[str, Manifest]


def evaluated_rounds(manifests: Manifests) -> list[int]:
    """Return the indices of the rounds, from 0 on, whose student was evaluated."""
    count = 0
    while EVALUATE.of(count) in manifests:
        count += 1
    return list(range(count))


def round_outcome(index: int, manifests: Manifests) -> RoundOutcome:
    """Return what decides between rounds, of one that was evaluated."""
    measured = EVALUATE.read(manifests, index)
    failures = measured.failures
    return RoundOutcome(
        index, measured.valid["force_mae_ev_per_a"], failures.failed, failures.total
    )


def decide(manifests: Manifests, rules: StopSettings) -> NextRound | None:
    """Return what the evaluated rounds decide; None where there is none."""
    rounds = evaluated_rounds(manifests)
    return next_round([round_outcome(k, manifests) for k in rounds], rules) if rounds else None


def stop_reason(manifests: Manifests, rules: StopSettings, rounds: int) -> str | None:
    """Say why no further stage follows, but for budgets; None where one does.

    Args:
        manifests: of the stages that are done.
        rules: when the loop ends early.
        rounds: that the run shall have after round 0.
    """
    done = len(evaluated_rounds(manifests))
    if done == 0:
        return None
    if done > rounds:
        return f"its last round, {rounds}, is done"
    if HARVEST.of(done) in manifests:
        over = harvest_is_over(HARVEST.read(manifests, done).taken, rules)
        if over is not None:
            return over
    decision = decide(manifests, rules)
    return None if decision is None else decision.stop


def spent(manifests: Manifests) -> Spent:
    """Return what the stages that are done have used."""
    return Spent(
        wall_s=sum(manifest.wall_s for manifest in manifests.values()),
        teacher_calls=sum(manifest.teacher_calls for manifest in manifests.values()),
    )
