"""Selecting candidate frames."""

from collections import Counter

import numpy as np

from ipip.config.harvest import HarvestSettings
from ipip.harvest import Candidate, RunSteps, choose_steps, propose, propose_at_random

RING = np.array([0, 100, 200, *range(250, 300, 5), 303])


def _run(name="a", state="unstable", end=303, steps=RING, timestep=1.0) -> RunSteps:
    return RunSteps(name, state, end, np.asarray(steps), timestep)


def test_an_unstable_run_gives_the_window_before_its_failure_and_never_the_failure():
    steps = choose_steps(_run(), HarvestSettings(window=30.0, per_run=100))
    assert steps.tolist() == [295, 290, 285, 280, 275]
    assert choose_steps(_run(), HarvestSettings(window=30.0, margin=10.0)).tolist() == [
        290, 285, 280, 275,
    ]  # fmt: skip
    strided = choose_steps(_run(), HarvestSettings(window=30.0, stride=2, per_run=100))
    assert strided.tolist() == [295, 285, 275]
    half = _run(timestep=0.5)
    assert choose_steps(half, HarvestSettings(window=15.0, per_run=100)).tolist() == steps.tolist()


def test_a_window_is_thinned_evenly_and_keeps_both_ends():
    steps = choose_steps(_run(), HarvestSettings(window=60.0, per_run=3))
    assert steps[0] == 295 and steps[-1] == 250 and len(steps) == 3


def test_a_failure_within_the_first_steps_still_gives_the_frame_before():
    early = _run(end=3, steps=[0, 3])
    assert choose_steps(early, HarvestSettings()).tolist() == [0]
    assert choose_steps(_run(end=0, steps=[0]), HarvestSettings()).tolist() == []
    assert choose_steps(_run(end=None, steps=[]), HarvestSettings()).tolist() == []


def test_a_run_whose_last_step_is_not_known_is_harvested_from_its_last_frame():
    steps = choose_steps(_run(end=None, steps=[0, 100, 110]), HarvestSettings(window=20.0))
    assert steps.tolist() == [110, 100]


def test_stable_runs_are_sampled_evenly_without_their_start():
    run = _run(state="stable", end=1000, steps=np.arange(0, 1001, 10))
    assert choose_steps(run, HarvestSettings(per_run=3)).tolist() == [1000, 510, 10]


def test_unstable_runs_come_first_take_turns_and_failed_ones_are_left_out():
    runs = [
        _run("stable", "stable", 100, [0, 50, 100]),
        _run("killed", "failed", None, [0, 50]),
        _run("first", end=20, steps=[0, 5, 10, 15, 20]),
        _run("second", end=12, steps=[0, 5, 10, 12]),
    ]
    found = propose(runs, HarvestSettings(per_run=2, candidates=5))
    assert [(c.run, c.step) for c in found] == [
        ("first", 15),
        ("second", 10),
        ("first", 5),
        ("second", 5),
        ("stable", 100),
    ]
    assert found[0] == Candidate("first", "unstable", 15, 5.0)
    assert propose([], HarvestSettings()) == []


def test_at_random_every_sound_stored_frame_is_as_likely_and_no_failure_is_drawn():
    steps = np.arange(0, 1000, 100)
    runs = [
        RunSteps("a", "stable", 900, steps, 1.0),
        RunSteps("b", "unstable", 500, steps, 1.0),
        RunSteps("c", "failed", None, steps, 1.0),
    ]
    settings = HarvestSettings(choose="random", candidates=4)
    drawn = [c for seed in range(400) for c in propose_at_random(runs, settings, seed)]
    counts = Counter((c.run, c.step) for c in drawn)
    assert set(counts) == {("a", s) for s in range(100, 1000, 100)} | {
        ("b", s) for s in range(100, 500, 100)
    }
    expected = len(drawn) / len(counts)
    assert all(0.7 * expected < count < 1.3 * expected for count in counts.values())
    assert propose_at_random(runs, settings, 1) == propose_at_random(runs, settings, 1)
