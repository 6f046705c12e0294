"""Where the next round starts, and whether there is one: pure functions on small data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import RoundOutcome, best_round
from ipip.stability.intervals import wilson_interval


@dataclasses.dataclass(frozen=True)
class NextRound:
    """The decision after the evaluated rounds.

    Attributes:
        base: round from whose student and pretraining set the next round starts.
        chain: the rounds that lead to it, from 0 to `base`.
        rolled_back: why each of these rounds was rolled back, by index.
        stop: why no further round follows; None: one does.
    """

    base: int
    chain: tuple[int, ...]
    rolled_back: Mapping[int, str]
    stop: str | None = None


@dataclasses.dataclass(frozen=True)
class Spent:
    """The cost of a run so far.

    Attributes:
        wall_s: s, of all finished stages.
        teacher_calls: evaluations of the teacher.
    """

    wall_s: float
    teacher_calls: int


def next_round(outcomes: Sequence[RoundOutcome], rules: StopSettings) -> NextRound:
    """Decide how to continue: accept or roll back each round in turn, then judge the gain.

    Raises:
        ValueError: there are no outcomes.
    """
    if not outcomes:
        raise ValueError("no round is evaluated")
    chain = [outcomes[0]]
    rolled_back = {}
    for outcome in outcomes[1:]:
        reason = worse(outcome, chain[-1], rules.rollback_above)
        if reason is None and rules.rollback_on_physics:
            reason = newly_broken(outcome, chain[-1])
        if reason is None:
            chain.append(outcome)
        else:
            rolled_back[outcome.round] = reason
    rounds = tuple(outcome.round for outcome in chain)
    return NextRound(rounds[-1], rounds, rolled_back, gain_is_over(outcomes, rules))


def worse(outcome: RoundOutcome, base: RoundOutcome, above: float | None) -> str | None:
    """Return why a round is worse than the one it started from; None if it is not.

    As in `best_round`, stability comes first: a round that clearly fails less often is not worse
    for its error.

    Args:
        outcome: of the round.
        base: of the round that it started from.
        above: largest relative rise of the validation force error; None: never worse.
    """
    if above is None:
        return None
    mine, other = outcome.valid_force_mae, base.valid_force_mae
    if not math.isfinite(mine):
        return "its validation force error is not finite"
    steadier = _clearly_more_failures(base, outcome)
    if math.isfinite(other) and mine > (1 + above) * other and not steadier:
        return (
            f"its validation force error of {mine:.3f} eV/Å is {100 * (mine / other - 1):.0f} % "
            f"above that of round {base.round}, {other:.3f} eV/Å"
        )
    if _clearly_more_failures(outcome, base):
        return (
            f"{outcome.failed} of {outcome.total} stability runs failed, clearly more than "
            f"{base.failed} of {base.total} in round {base.round}"
        )
    return None


def _clearly_more_failures(one: RoundOutcome, other: RoundOutcome) -> bool:
    if not (one.total and other.total):
        return False
    low = wilson_interval(one.failed, one.total)[0]
    return low > wilson_interval(other.failed, other.total)[1]


def newly_broken(outcome: RoundOutcome, base: RoundOutcome) -> str | None:
    """Name the physics checks that a round fails and its starting round passed; None: none."""
    if outcome.broken is None or base.broken is None:
        return None
    checks = sorted(outcome.broken - base.broken)
    if not checks:
        return None
    which = f"the checks {', '.join(checks)} fail" if len(checks) > 1 else f"{checks[0]} fails"
    return f"of the physics checks {which}, which round {base.round} passed"


def gains(outcomes: Sequence[RoundOutcome]) -> list[float]:
    """Return the fraction by which each round after the first lowered the best earlier error."""
    values = []
    best = outcomes[0].valid_force_mae
    for outcome in outcomes[1:]:
        mine = outcome.valid_force_mae
        values.append(1 - mine / best if math.isfinite(mine) and best > 0 else -math.inf)
        best = min(best, mine) if math.isfinite(mine) else best
    return values


def gain_is_over(outcomes: Sequence[RoundOutcome], rules: StopSettings) -> str | None:
    """Return why further rounds are not worthwhile: no gain in recent rounds, and a stable student.

    The failure rate is that of the selected student. Without stability runs it is unknown,
    and the rule never applies.
    """
    if rules.min_gain is None or len(outcomes) <= rules.patience:
        return None
    last = gains(outcomes)[-rules.patience :]
    if max(last) >= rules.min_gain:
        return None
    best = next(o for o in outcomes if o.round == best_round(outcomes))
    high = wilson_interval(best.failed, best.total)[1]
    if high >= rules.max_failure_rate:
        return None
    listed = ", ".join(f"{100 * gain:+.1f} %" for gain in last)
    return (
        f"the validation force error gained less than {100 * rules.min_gain:g} % in "
        f"{rules.patience} rounds in a row ({listed}), and the failure rate of the selected "
        f"student is below {100 * rules.max_failure_rate:g} % ({best.failed} of {best.total} runs, "
        f"at most {100 * high:.0f} %)"
    )


def harvest_is_over(taken: int, rules: StopSettings) -> str | None:
    """Return the reason to end after too small a harvest; None: it suffices."""
    if taken >= rules.min_new_frames:
        return None
    gain = "nothing new" if taken == 0 else f"only {taken} new frames"
    return f"the student's MD gave {gain} to harvest (stop.min_new_frames: {rules.min_new_frames})"


def budget_is_spent(spent: Spent, rules: StopSettings, calls_ahead: int = 0) -> str | None:
    """Return which budget the next stage would exceed.

    Args:
        spent: cost of the run so far.
        rules: with the budgets.
        calls_ahead: evaluations of the teacher that the next stage may need.
    """
    if rules.wall_hours is not None and spent.wall_s >= 3600 * rules.wall_hours:
        return (
            f"{spent.wall_s / 3600:.2f} h of computing are used (stop.wall_hours: "
            f"{rules.wall_hours:g})"
        )
    if rules.teacher_calls is not None and spent.teacher_calls + calls_ahead > rules.teacher_calls:
        return (
            f"{spent.teacher_calls} evaluations of the teacher are used and the next stage may "
            f"need {calls_ahead} (stop.teacher_calls: {rules.teacher_calls})"
        )
    return None
