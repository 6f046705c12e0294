"""Judging a run from its facts, without LAMMPS."""

import math

import pytest

from ipip.lammps import Bounds, RunFacts, Verdict, judge

BOUNDS = Bounds(
    temperature=450.0, force=100.0, distances={("Mo", "S"): 1.8}, energy_change=2.0, uncertainty=0.8
)
FINE = {
    "steps": 100,
    "n_atoms": 20,
    "return_code": 0,
    "started": True,
    "complete": True,
    "step": 100,
    "atoms_left": 20,
    "temperature": 310.0,
    "energy": -5.0,
    "max_force": 3.0,
    "distances": {("Mo", "S"): 2.1, ("S", "S"): 0.1},
    "energy_change": 0.1,
    "seconds": 2.0,
}


def test_a_run_within_bounds_is_stable_and_has_a_speed():
    verdict = judge(RunFacts(**FINE), BOUNDS)
    assert (verdict.state, verdict.reason) == ("stable", "")
    assert verdict.us_per_atom_step == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"temperature": 451.0}, "temperature"),
        ({"max_uncertainty": 0.81}, "uncertainty"),
        ({"max_force": 101.0}, "force"),
        ({"energy_change": 2.1}, "energy"),
        ({"distances": {("Mo", "S"): 1.7}}, "distance"),
        ({"atoms_left": 19}, "lost_atoms"),
        ({"energy": math.nan}, "not_finite"),
        ({"max_force": math.inf}, "not_finite"),
        ({"temperature": math.nan, "atoms_left": 3}, "lost_atoms"),
        ({"temperature": 1e5, "max_force": 1e5, "distances": {("Mo", "S"): 0.5}}, "distance"),
    ],
)
def test_a_crossed_bound_is_unstable_whatever_the_exit_status_says(facts, reason):
    verdict = judge(RunFacts(**{**FINE, "step": 37, **facts}), BOUNDS)
    assert (verdict.state, verdict.reason, verdict.step) == ("unstable", reason, 37)


@pytest.mark.parametrize(
    ("error", "started", "state", "reason"),
    [
        ("Lost atoms: original 20 current 13", True, "unstable", "lost_atoms"),
        (
            "Non-numeric atom coords or pressure - simulation unstable",
            True,
            "unstable",
            "not_finite",
        ),
        ("Non-numeric box dimensions - simulation unstable", True, "unstable", "not_finite"),
        ("Unrecognized pair style 'ipi'", False, "failed", "input"),
        ("Cannot open restart file: No space left on device", True, "failed", "lammps_error"),
    ],
)
def test_an_error_of_lammps_is_read_and_not_its_status(error, started, state, reason):
    facts = {"error": error, "started": started, "complete": False}
    verdict = judge(RunFacts(**{**FINE, **facts}), BOUNDS)
    assert (verdict.state, verdict.reason) == (state, reason)
    assert error in verdict.message


def test_a_run_that_did_not_end_says_nothing_about_the_student():
    killed = judge(RunFacts(**{**FINE, "complete": False, "return_code": -9}), BOUNDS)
    assert (killed.state, killed.reason) == ("failed", "killed")
    silent = judge(RunFacts(**{**FINE, "complete": False}), BOUNDS)
    assert (silent.state, silent.reason) == ("failed", "stopped")
    early = judge(RunFacts(**{**FINE, "step": 50}), BOUNDS)
    assert (early.state, early.reason) == ("failed", "stopped")


def test_a_verdict_survives_json():
    import json

    for facts in ({"energy": math.nan}, {"distances": {("Mo", "S"): 1.7}}, {}):
        verdict = judge(RunFacts(**{**FINE, **facts}), BOUNDS)
        again = Verdict.from_dict(json.loads(json.dumps(verdict.as_dict(), allow_nan=False)))
        assert repr(again) == repr(verdict)
