"""What is decided, apart from doing it."""

import math

import numpy as np
import pytest

from ipip.loop.decide import (
    RoundOutcome,
    SetEntry,
    best_round,
    count_composition,
    draw_held_out,
    forget_indices,
    held_out_count,
    next_pretraining_set,
    set_sizes,
)
from ipip.loop.seeds import derive_seed
from ipip.loop.statistics import LEAST_GROUPS, paired_bootstrap, withheld
from ipip.loop.verdict import Comparison, StudentFigures, write_verdict
from ipip.stability.intervals import wilson_interval


def test_forgetting_takes_the_fraction_and_depends_on_the_seed_alone():
    chosen = forget_indices([False] * 200, 0.1, seed=5)
    assert len(chosen) == len(set(chosen)) == 20
    assert chosen == sorted(chosen) == forget_indices([False] * 200, 0.1, seed=5)
    assert chosen[0] >= 0 and chosen[-1] < 200
    assert chosen != forget_indices([False] * 200, 0.1, seed=6)


def test_forgetting_never_takes_what_validates():
    held_out = draw_held_out(200, held_out_count(200), seed=3)
    assert sum(held_out) == 10
    chosen = forget_indices(held_out, 0.5, seed=5)
    assert len(chosen) == 95
    assert not any(held_out[index] for index in chosen)


def test_a_small_harvest_keeps_all_its_frames_for_the_training():
    assert [held_out_count(n) for n in (0, 1, 2, 30, 200)] == [0, 0, 1, 2, 10]
    assert [held_out_count(n, harvested=True) for n in (1, 4, 9, 60)] == [0, 0, 0, 3]


def test_the_sizes_of_a_set_are_foretold():
    assert set_sizes(360, 60, 0.1, 0) == (342, 18)
    assert set_sizes(360, 60, 0.1, 1) == (342 - 34 + 57, 21)
    assert set_sizes(360, 60, 0.1, 2) == (365 - 36 + 57, 24)


def test_forgetting_always_leaves_a_frame():
    assert forget_indices([False], 0.9, seed=1) == []
    assert len(forget_indices([False] * 3, 0.99, seed=1)) == 2
    assert forget_indices([], 0.1, seed=1) == []
    assert len(forget_indices([True] + [False] * 2, 0.99, seed=1)) == 1


@pytest.mark.parametrize("fraction", [-0.1, 1.0, math.nan])
def test_an_impossible_fraction_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        forget_indices([False] * 10, fraction, seed=1)


OLD = [SetEntry(f"old{index}", 0, "teacher") for index in range(4)]
NEW = [SetEntry("new0", 1, "teacher")]


def test_the_next_set_keeps_in_order_relabels_and_appends():
    entries = next_pretraining_set(OLD, [1, 3], NEW, "student 0")
    assert [entry.frame_id for entry in entries] == ["old0", "old2", "new0"]
    assert [entry.label for entry in entries] == ["student 0", "student 0", "teacher"]
    assert [entry.origin for entry in entries] == [0, 0, 1]


def test_kept_frames_may_keep_their_labels():
    entries = next_pretraining_set(OLD, [], [], None)
    assert entries == OLD


def test_a_frame_is_in_a_set_only_once():
    with pytest.raises(ValueError, match="old2 would be in the pretraining set twice"):
        next_pretraining_set(OLD, [0], [SetEntry("old2", 1, "teacher")], "student 0")


def test_an_index_beyond_the_set_is_refused():
    with pytest.raises(ValueError, match="forgotten"):
        next_pretraining_set(OLD, [4], [], None)


def test_the_composition_counts_origin_and_label():
    counts = count_composition(next_pretraining_set(OLD, [0], NEW, "student 0"))
    assert counts == {
        "by_origin": {"round 0": 3, "round 1": 1},
        "by_label": {"student 0": 3, "teacher": 1},
    }


def test_the_best_round_has_the_smallest_validation_error():
    assert best_round([RoundOutcome(0, 0.5, 0, 8), RoundOutcome(1, 0.4, 1, 8)]) == 1
    assert best_round([RoundOutcome(0, 0.4, 0, 8), RoundOutcome(1, 0.4, 0, 8)]) == 0


def test_a_round_that_fails_clearly_more_often_is_out():
    assert best_round([RoundOutcome(0, 0.5, 0, 20), RoundOutcome(1, 0.4, 20, 20)]) == 0


def test_a_round_without_a_finite_error_is_never_best():
    assert best_round([RoundOutcome(0, math.nan, 0, 4), RoundOutcome(1, 0.9, 0, 4)]) == 1


def test_seeds_differ_by_any_label_and_repeat():
    seeds = {derive_seed(1, k, stage, i) for k in range(3) for stage in "ab" for i in range(3)}
    assert len(seeds) == 18
    assert derive_seed(1, 0, "a") == derive_seed(1, 0, "a")
    assert derive_seed(1, "1", "2") != derive_seed(1, "12")
    assert all(1 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize(
    ("failed", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (13, 100, 0.0776, 0.2098),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_intervals_are_the_published_ones(failed, total, low, high):
    assert wilson_interval(failed, total) == pytest.approx((low, high), abs=1e-4)


def test_wilson_refuses_impossible_counts():
    with pytest.raises(ValueError, match="3 of 2"):
        wilson_interval(3, 2)


def test_the_bootstrap_sees_a_clear_difference_and_not_a_chance_one():
    groups = [str(index // 3) for index in range(30)]
    better = [0.3 + 0.01 * (index % 5) for index in range(30)]
    worse = [value + 0.1 for value in better]
    low, high = paired_bootstrap(better, worse, [1] * 30, groups, seed=1)
    assert low == pytest.approx(-0.1) and high == pytest.approx(-0.1)
    mixed = [value + (0.1 if index // 3 % 2 else -0.1) for index, value in enumerate(better)]
    low, high = paired_bootstrap(better, mixed, [1] * 30, groups, seed=1)
    assert low < 0 < high


def test_the_bootstrap_weighs_frames_by_their_atoms():
    groups = [str(index // 2) for index in range(12)]
    low, high = paired_bootstrap([1.0, 0.0] * 6, [0.0] * 12, [30, 10] * 6, groups, seed=1)
    assert low == high == pytest.approx(0.75)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_trajectories_have_no_interval_however_many_frames(count):
    groups = [str(index % count) for index in range(60)]
    better, worse = [0.1] * 60, [0.2] * 60
    assert paired_bootstrap(better, worse, [1] * 60, groups, seed=1) is None
    word = "trajectory is" if count == 1 else "trajectories are"
    assert (
        withheld(groups, "trajectories") == f"{count} {word} too few for an interval (at least 6)"
    )


def test_frames_of_an_unnamed_trajectory_have_no_interval_either():
    groups = [str(index) for index in range(60)]
    ends = paired_bootstrap([0.1] * 60, [0.2] * 60, [1] * 60, groups, seed=1, units="frames")
    assert ends == pytest.approx((-0.1, -0.1))
    assert withheld(groups, "frames") is None
    assert "keys.group names none" in withheld(groups, "correlated frames")


def test_the_least_number_of_groups_is_where_their_span_covers_the_median_with_95_percent():
    rng = np.random.default_rng(3)
    covered = {
        n: np.mean([(d := rng.normal(size=n)).min() <= 0 <= d.max() for _ in range(20000)])
        for n in (LEAST_GROUPS - 1, LEAST_GROUPS)
    }
    assert covered[LEAST_GROUPS - 1] < 0.95 < covered[LEAST_GROUPS]
    assert covered[LEAST_GROUPS] == pytest.approx(1 - 2.0 ** (1 - LEAST_GROUPS), abs=0.01)


CLEAR = Comparison(0.35, 0.44, (-0.12, -0.05))
UNCLEAR = Comparison(0.43, 0.44, (-0.03, 0.02))
WORSE = Comparison(0.55, 0.44, (0.05, 0.15))
UNTESTED = Comparison(0.35, 0.44, None, "1 trajectory is too few for an interval (at least 6)")


def test_the_verdict_claims_nothing_from_one_trajectory():
    text = write_verdict(StudentFigures(1, 0, 8), UNTESTED, UNTESTED, (2, 8), rounds=2)
    assert "beats" not in text and "helped:" not in text
    assert text.startswith(
        "On held-out forces the student of round 1 and the teacher have 0.350 against 0.440 eV/Å, "
        "-20 %: whether that is chance cannot be told, 1 trajectory is too few for an interval (at "
        "least 6). Whether iterating helped accuracy cannot be told either: round 1 against round 0"
    )


def test_the_verdict_says_better_only_where_the_interval_does():
    student = StudentFigures(2, 0, 8)
    assert "beats the teacher" in write_verdict(student, CLEAR, CLEAR, (3, 8), 3)
    unclear = write_verdict(student, UNCLEAR, UNCLEAR, (3, 8), 3)
    assert "not distinguishable" in unclear and "not clear" in unclear
    worse = write_verdict(student, WORSE, WORSE, (3, 8), 3)
    assert "worse than the teacher" in worse and "cost accuracy" in worse
    assert "0 of 8 stability runs failed (round 0: 3 of 8)" in worse


def test_the_verdict_admits_that_iterating_did_not_help():
    text = write_verdict(StudentFigures(0, 1, 8), CLEAR, None, None, 3)
    assert "no better student than pretraining once" in text
    assert "terating" not in write_verdict(StudentFigures(0, 1, 8), CLEAR, None, None, 1)
