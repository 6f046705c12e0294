"""Outcomes of the rounds of a run, and the decisions on them, from its stages' manifests."""

from __future__ import annotations

from collections.abc import Mapping

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import RoundOutcome
from ipip.decisions.next_round import NextRound, Spent, harvest_is_over, next_round
from ipip.records.manifest import Manifest
from ipip.stages.evaluate import EVALUATE
from ipip.stages.harvest import HARVEST
from ipip.stages.physics import PHYSICS

Manifests = Mapping[str, Manifest]


def evaluated_rounds(manifests: Manifests) -> list[int]:
    """Return the indices of the evaluated rounds, from 0 on."""
    count = 0
    while EVALUATE.of(count) in manifests:
        count += 1
    return list(range(count))


def round_outcome(index: int, manifests: Manifests) -> RoundOutcome:
    """Return the outcome of an evaluated round, on which decisions depend."""
    measured = EVALUATE.read(manifests, index)
    failures = measured.failures
    checked = PHYSICS.of(index) in manifests
    return RoundOutcome(
        index,
        measured.valid["force_mae_ev_per_a"],
        failures.failed,
        failures.total,
        PHYSICS.read(manifests, index).broken if checked else None,
    )


def decide(manifests: Manifests, rules: StopSettings) -> NextRound | None:
    """Return the decision on the evaluated rounds; None without any."""
    rounds = evaluated_rounds(manifests)
    return next_round([round_outcome(k, manifests) for k in rounds], rules) if rounds else None


def stop_reason(manifests: Manifests, rules: StopSettings, rounds: int) -> str | None:
    """Return why no further stage follows, except for budgets; None if one does.

    Args:
        manifests: of the finished stages.
        rules: when the loop ends early.
        rounds: planned number of rounds after round 0.
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
    """Return the budget that the finished stages have used."""
    return Spent(
        wall_s=sum(manifest.wall_s for manifest in manifests.values()),
        teacher_calls=sum(manifest.teacher_calls for manifest in manifests.values()),
    )
