"""The schedule of a run: its stages, as far as results determine them, and why it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import RoundOutcome
from ipip.decisions.next_round import NextRound, harvest_is_over, next_round
from ipip.pipeline.stage import BoundStage
from ipip.stages.harvest import HARVEST
from ipip.views.outcomes import Manifests, evaluated_rounds, round_outcome, stop_reason

MakeRound = Callable[[int, tuple[int, ...]], list[BoundStage]]


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The stages of a run.

    Attributes:
        stages: in order; those after `decided` are provisional, since the start of their round
            is still unknown.
        decided: number of certain stages.
        next: decision after the evaluated rounds; None before the first one.
        stop: why the run ends before all rounds are done; None: it does not.
    """

    stages: tuple[BoundStage, ...]
    decided: int
    next: NextRound | None
    stop: str | None


def build_schedule(
    make_round: MakeRound, manifests: Manifests, rules: StopSettings, rounds: int
) -> Schedule:
    """Return the stages of a run, round by round, until it ends.

    Finished rounds stay in the schedule, whatever the current rules.

    Args:
        make_round: returns the stages of a round from its index and the chain of rounds before it.
        manifests: of the stages that are done.
        rules: when the loop ends early or rolls back.
        rounds: number of rounds after round 0.
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
        chain = (*chain, index)  # provisional: assumes that the round is accepted
        is_harvested = certain and index not in done and HARVEST.of(index) in manifests
        if is_harvested and harvest_is_over(HARVEST.read(manifests, index).taken, rules):
            stages += [stage for stage in own if stage.stage_id <= HARVEST.of(index)]
            decided = len(stages)
            break
        stages += own
        decided = len(stages) if certain else decided
    return Schedule(tuple(stages), decided, decision, stop_reason(manifests, rules, rounds))
