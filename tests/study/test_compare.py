"""Paired differences between arms."""

import numpy as np
import pytest

from ipip.config.study import StudySettings
from ipip.study import Comparison, Score, compare_arms
from ipip.study.compare import expansion
from ipip.study.summary import describe_verdict


def score(errors, groups=None):
    return Score(errors, [1.0] * len(errors), groups or [str(i) for i in range(len(errors))])


def test_a_constant_gain_is_found_exactly_for_any_spread_of_frames():
    rng = np.random.default_rng(1)
    others = {s: score(list(rng.uniform(0.1, 0.9, 12))) for s in (1, 2, 3)}
    mine = {s: score([e - 0.05 for e in other.errors]) for s, other in others.items()}
    found = compare_arms("new", "old", mine, others, seed=0, draws=500)
    assert found.by_seed == pytest.approx([-0.05] * 3)
    assert (found.difference, found.low, found.high) == pytest.approx((-0.05,) * 3)
    assert found.verdict == "lower"
    assert found.seeds_lower == 3


def test_differences_that_change_sign_over_seeds_are_not_distinguishable():
    others = {s: score([0.4] * 8) for s in (1, 2, 3, 4)}
    gains = {1: -0.1, 2: 0.1, 3: -0.12, 4: 0.11}
    mine = {s: score([0.4 + gains[s]] * 8) for s in others}
    found = compare_arms("new", "old", mine, others, seed=0, draws=2000)
    assert found.low < 0 < found.high
    assert found.verdict == "not distinguishable"


def test_intervals_from_few_seeds_are_wider():
    assert expansion(2, 0.95) > 5 > 2 > expansion(4, 0.95) > expansion(40, 0.95) > 1


def test_trajectories_are_drawn_whole():
    """Sixty frames of six trajectories that disagree are worth six observations, not sixty."""
    groups = [name for name in "abcdef" for _ in range(10)]
    others = {s: score([0.5] * 60, groups) for s in (1, 2)}
    errors = [0.3 if name in "ace" else 0.6 for name in groups]
    mine = {s: score(errors, groups) for s in (1, 2)}
    frames = {s: score(errors) for s in (1, 2)}
    by_frame = compare_arms("n", "o", frames, {s: score([0.5] * 60) for s in (1, 2)}, seed=0)
    by_group = compare_arms("n", "o", mine, others, seed=0)
    assert by_group.low < -0.15
    assert by_group.high > 0.05
    assert by_frame.high - by_frame.low < 0.7 * (by_group.high - by_group.low)


def test_one_trajectory_in_all_seeds_has_no_interval_and_no_claim():
    def one(error):
        return Score([error] * 20, [1.0] * 20, ["a"] * 20, "trajectories")

    others = {s: one(0.5) for s in (1, 2, 3)}
    mine = {s: one(0.3 + 0.01 * s) for s in (1, 2, 3)}
    found = compare_arms("n", "o", mine, others, seed=0)
    assert (found.low, found.high, found.verdict) == (None, None, "not tested")
    assert found.seeds_lower == 3 and "too few for an interval" in found.withheld
    settings = StudySettings(run="run.yaml", seeds=[1, 2], arms=["none", "one-shot"])
    text = describe_verdict({"hot": [found]}, [], settings, 6, 6)
    assert "lower force error" not in text
    assert "no interval against o (1 trajectory is too few for an interval (at least 6)" in text
    assert "): n (-36 %, 3 of 3 seeds lower)" in text


def test_seeds_with_separate_trajectories_count_together():
    groups = {s: [f"{s}a", f"{s}b"] * 5 for s in (1, 2, 3)}
    others = {s: score([0.5] * 10, groups[s]) for s in groups}
    mine = {s: score([0.4] * 10, groups[s]) for s in groups}
    assert compare_arms("n", "o", mine, others, seed=0).verdict == "lower"


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    truth, covered, trials = -0.02, 0, 200
    for trial in range(trials):
        mine, others = {}, {}
        for s in range(6):
            seed_effect = rng.normal(scale=0.03)
            base = rng.uniform(0.2, 0.4, 8)
            noise = rng.normal(scale=0.05, size=8)
            others[s] = score(list(base))
            mine[s] = score(list(base + truth + seed_effect + noise))
        found = compare_arms("n", "o", mine, others, seed=trial, draws=400)
        covered += found.low <= truth <= found.high
    assert 0.92 < covered / trials <= 1.0


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="1 seeds in common"):
        compare_arms("n", "o", {1: score([0.1])}, {1: score([0.2])}, seed=0)


def test_other_frames_are_refused():
    with pytest.raises(ValueError, match="different frames"):
        compare_arms(
            "n",
            "o",
            {s: score([0.1, 0.2]) for s in (1, 2)},
            {s: score([0.1, 0.2], ["x", "y"]) for s in (1, 2)},
            seed=0,
        )


def test_the_verdict_names_each_set_its_baselines_and_what_is_not_distinguishable():
    def found(arm, baseline, low, high):
        middle = (low + high) / 2
        return Comparison(arm, baseline, (middle, middle), middle, low, high, middle / 0.5, 1)

    arms = [{"name": "a", "failures": {"failed": 3, "total": 18}}]
    settings = StudySettings(run="run.yaml", seeds=[1, 2], arms=["none", "one-shot"])
    text = describe_verdict(
        {
            "held-out": [found("a", "b", -0.1, 0.1), found("c", "b", 0.05, 0.15)],
            "hot": [found("a", "d", -0.2, -0.1)],
        },
        arms,
        settings,
        3,
        4,
    )
    assert text == (
        "3 of 4 runs are finished. Held-out frames: higher force error than b: c (+20 %, 1 of 2 "
        "seeds lower); not distinguishable from b: a (+0 %, 1 of 2 seeds lower). Hot frames: lower "
        "force error than d: a (-30 %, 1 of 2 seeds lower). Failed stability runs: a 3 of 18. "
        "2 seeds, 95 % intervals."
    )
