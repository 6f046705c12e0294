"""Where the next round begins and when the loop ends, decided only on figures."""

import math

import pytest

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import RoundOutcome
from ipip.decisions.next_round import (
    Spent,
    budget_is_spent,
    gain_is_over,
    gains,
    harvest_is_over,
    next_round,
    worse,
)

RULES = StopSettings()


def outcomes(*errors, failed=0, total=18):
    return [RoundOutcome(k, error, failed, total) for k, error in enumerate(errors)]


def test_each_round_begins_from_the_last_one_while_it_gets_better():
    decision = next_round(outcomes(0.5, 0.45, 0.40), RULES)
    assert (decision.base, decision.chain) == (2, (0, 1, 2))
    assert decision.rolled_back == {} and decision.stop is None


def test_a_worse_round_is_rolled_back_and_the_next_begins_where_it_began():
    decision = next_round(outcomes(0.5, 0.40, 0.60, 0.39), RULES)
    assert decision.chain == (0, 1, 3)
    assert list(decision.rolled_back) == [2]
    assert "50 % above that of round 1, 0.400 eV/Å" in decision.rolled_back[2]


def test_a_little_worse_is_not_rolled_back():
    assert next_round(outcomes(0.5, 0.54), RULES).chain == (0, 1)


def test_a_round_that_clearly_fails_more_often_is_rolled_back():
    steady, shaky = RoundOutcome(0, 0.5, 0, 20), RoundOutcome(1, 0.3, 15, 20)
    assert "15 of 20 stability runs failed" in next_round([steady, shaky], RULES).rolled_back[1]
    assert worse(RoundOutcome(1, 0.3, 2, 20), steady, 0.1) is None


def test_a_round_that_clearly_fails_less_often_is_not_rolled_back_for_its_error():
    shaky, steady = RoundOutcome(0, 0.3, 14, 16), RoundOutcome(1, 0.4, 0, 16)
    assert next_round([shaky, steady], RULES).chain == (0, 1)
    alike = RoundOutcome(1, 0.4, 13, 16)
    assert next_round([shaky, alike], RULES).chain == (0,)
    lost = RoundOutcome(1, math.nan, 0, 16)
    assert next_round([shaky, lost], RULES).chain == (0,)


def test_a_round_without_a_finite_error_is_rolled_back():
    assert next_round(outcomes(0.5, math.nan), RULES).rolled_back[1] == (
        "its validation force error is not finite"
    )


def test_a_round_that_breaks_a_physics_check_is_rolled_back_where_the_rules_say_so():
    rules = StopSettings(rollback_on_physics=True)
    sound = RoundOutcome(0, 0.5, 0, 18, frozenset({"binding"}))
    holed = RoundOutcome(1, 0.4, 0, 18, frozenset({"binding", "repulsion"}))
    decision = next_round([sound, holed], rules)
    assert decision.chain == (0,)
    assert decision.rolled_back[1] == (
        "of the physics checks repulsion fails, which round 0 passed"
    )
    assert next_round([sound, holed], RULES).chain == (0, 1)
    mended = RoundOutcome(1, 0.4, 0, 18, frozenset())
    assert next_round([sound, mended], rules).chain == (0, 1)
    unchecked = RoundOutcome(1, 0.4, 0, 18)
    assert next_round([sound, unchecked], rules).chain == (0, 1)


def test_the_paper_never_goes_back():
    rules = StopSettings(rollback_above=None)
    assert next_round(outcomes(0.5, 0.9, math.nan), rules).chain == (0, 1, 2)


def test_gains_are_against_the_best_before():
    assert gains(outcomes(0.5, 0.4, 0.6, 0.2)) == pytest.approx([0.2, -0.5, 0.5])
    assert gains(outcomes(0.5, math.nan, 0.4)) == pytest.approx([-math.inf, 0.2])


def test_the_run_ends_after_two_rounds_without_gain_and_few_failures():
    reason = gain_is_over(outcomes(0.5, 0.4, 0.399, 0.398), RULES)
    assert reason is not None
    assert "less than 1 % in 2 rounds in a row (+0.2 %, +0.3 %)" in reason
    assert "0 of 18 runs, at most 18 %" in reason


@pytest.mark.parametrize(
    "history",
    [
        outcomes(0.5, 0.499),  # one round without gain
        outcomes(0.5, 0.4, 0.399, 0.3),  # the last one gained
        outcomes(0.5, 0.4, 0.399, 0.398, failed=3),  # fails too often
        outcomes(0.5, 0.4, 0.399, 0.398, total=0),  # nothing is known of failures
    ],
)
def test_the_run_continues_while_something_may_be_gained(history):
    assert gain_is_over(history, RULES) is None


def test_the_gain_rule_can_be_switched_off():
    assert gain_is_over(outcomes(0.5, 0.5, 0.5), StopSettings(min_gain=None)) is None


def test_the_upper_end_of_the_interval_counts_and_not_the_rate():
    history = outcomes(0.5, 0.5, 0.5, failed=0, total=10)  # 0 of 10: at most 28 %
    assert gain_is_over(history, StopSettings(max_failure_rate=0.2)) is None
    assert gain_is_over(history, StopSettings(max_failure_rate=0.3)) is not None


def test_nothing_new_to_harvest_ends_the_run():
    assert "nothing new" in harvest_is_over(0, RULES)
    assert "only 3 new frames" in harvest_is_over(3, StopSettings(min_new_frames=5))
    assert harvest_is_over(1, RULES) is None
    assert harvest_is_over(0, StopSettings(min_new_frames=0)) is None


def test_budgets_are_checked_before_a_stage_begins():
    rules = StopSettings(wall_hours=2, teacher_calls=1000)
    assert budget_is_spent(Spent(7199, 900), rules, calls_ahead=100) is None
    assert "2.00 h of computing are used" in budget_is_spent(Spent(7200, 0), rules)
    text = budget_is_spent(Spent(0, 901), rules, calls_ahead=100)
    assert "901 evaluations of the teacher are used and the next stage may need 100" in text
    assert budget_is_spent(Spent(1e9, 10**9), RULES, 10**9) is None


def test_no_outcomes_is_an_error():
    with pytest.raises(ValueError, match="no round"):
        next_round([], RULES)
