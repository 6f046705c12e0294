"""Which round's student to use."""

import math

from ipip.decisions.best_round import RoundOutcome, best_round


def test_the_best_round_has_the_smallest_validation_error():
    assert best_round([RoundOutcome(0, 0.5, 0, 8), RoundOutcome(1, 0.4, 1, 8)]) == 1
    assert best_round([RoundOutcome(0, 0.4, 0, 8), RoundOutcome(1, 0.4, 0, 8)]) == 0


def test_a_round_that_fails_clearly_more_often_is_out():
    assert best_round([RoundOutcome(0, 0.5, 0, 20), RoundOutcome(1, 0.4, 20, 20)]) == 0


def test_a_round_without_a_finite_error_is_never_best():
    assert best_round([RoundOutcome(0, math.nan, 0, 4), RoundOutcome(1, 0.9, 0, 4)]) == 1
