"""The contents of a pretraining set: forgotten, held out, kept and new frames."""

import math

import pytest

from ipip.decisions.pretraining_set import (
    SetEntry,
    count_composition,
    draw_held_out,
    forget_indices,
    held_out_count,
    next_pretraining_set,
    set_sizes,
)


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
    assert counts.by_origin == {"round 0": 3, "round 1": 1}
    assert counts.by_label == {"student 0": 3, "teacher": 1}
