"""The schedule of a run: which stages it has, as far as results decide it, and why it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import RoundOutcome
from ipip.decisions.next_round import NextRound, Spent, harvest_is_over, next_round
from ipip.pipeline.manifest import Manifest
from ipip.pipeline.stage import BoundStage
from ipip.stages.evaluate import EVALUATE
from ipip.stages.harvest import HARVEST

Manifests = Mapping[str, Manifest]
MakeRound = Callable[[int, tuple[int, ...]], list[BoundStage]]


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What a run does.

    Attributes:
        stages: in order; those after `decided` are provisional, since where their round begins is
            not known yet.
        decided: number of stages that are certain.
        next: what the evaluated rounds decide; None before the first is evaluated.
        stop: why the run ends before all rounds are done; None: it does not.
    """

    stages: tuple[BoundStage, ...]
    decided: int
    next: NextRound | None
    stop: str | None


def evaluated_rounds(manifests: Manifests) -> list[int]:
    """Return the indices of the rounds, from 0 on, whose student was evaluated."""
    count = 0
    while EVALUATE.of(count) in manifests:
        count += 1
    return list(range(count))


def round_outcome(index: int, manifests: Manifests) -> RoundOutcome:
    """Return what decides between rounds, of one that was evaluated."""
    results = manifests[EVALUATE.of(index)].results
    failures = results["failures"]
    return RoundOutcome(
        index, results["valid"]["force_mae_ev_per_a"], failures["failed"], failures["total"]
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
    harvested = manifests.get(HARVEST.of(done))
    if harvested is not None:
        over = harvest_is_over(int(harvested.results["taken"]), rules)
        if over is not None:
            return over
    decision = decide(manifests, rules)
    return None if decision is None else decision.stop


def teacher_calls(manifest: Manifest) -> int:
    """Return how often a stage evaluated the teacher, its MD included."""
    return int(manifest.results.get("teacher_calls", 0))


def spent(manifests: Manifests) -> Spent:
    """Return what the stages that are done have used."""
    return Spent(
        wall_s=sum(manifest.wall_s for manifest in manifests.values()),
        teacher_calls=sum(teacher_calls(manifest) for manifest in manifests.values()),
    )


def build_schedule(
    make_round: MakeRound, manifests: Manifests, rules: StopSettings, rounds: int
) -> Schedule:
    """Return the stages of a run, round by round, until it ends.

    Rounds that are done stay in the schedule whatever the rules say now.

    Args:
        make_round: gives the stages of a round from its index and the chain of rounds before it.
        manifests: of the stages that are done.
        rules: when the loop ends early or goes back.
        rounds: that the run shall have after round 0.
    """
    stages = make_round(0, ())
    decided = len(stages)
    outcomes: list[RoundOutcome] = []
    decision: NextRound | None = None
    chain: tuple[int, ...] = (0,)
    done = evaluated_rounds(manifests)
    for index in range(1, rounds + 1):
        certain = index - 1 in done
        if certain:
            outcomes.append(round_outcome(index - 1, manifests))
            decision = next_round(outcomes, rules)
            chain = decision.chain
            if decision.stop is not None and index not in done:
                break
        own = make_round(index, chain)
        chain = (*chain, index)  # provisional: the round is taken to be accepted
        harvested = manifests.get(HARVEST.of(index))
        taken = None if harvested is None else int(harvested.results["taken"])
        open_round = certain and index not in done
        if open_round and taken is not None and harvest_is_over(taken, rules) is not None:
            stages += [stage for stage in own if stage.identity <= HARVEST.of(index)]
            decided = len(stages)
            break
        stages += own
        decided = len(stages) if certain else decided
    return Schedule(tuple(stages), decided, decision, stop_reason(manifests, rules, rounds))
