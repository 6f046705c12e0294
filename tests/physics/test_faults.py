"""Each fault is seen by the checks that it concerns and by no other; a sound potential passes."""

from __future__ import annotations

import pytest

from ipip.physics import PhysicsReport, check_physics, physics_subject
from ipip.physics.checks import drift, heating, squeezing
from ipip.physics.listing import CHECKS
from tests.physics.potentials import CUTOFF, FAULTS, Good, crystal

TIMED = "cost"  # a busy machine may make it fail for any potential


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drift.STEPS, True, 400)
    for ramp in (heating, squeezing):
        monkeypatch.setitem(ramp.STEPS, True, 250)


def report_on(kind: type[Good]) -> PhysicsReport:
    subject = physics_subject(
        kind.__name__, kind(), [crystal()], cutoff=CUTOFF, layers=1, precision="float64"
    )
    return check_physics(subject, quick=True)


def test_a_potential_without_fault_passes_every_check() -> None:
    report = report_on(Good)
    states = {outcome.check: outcome.state for outcome in report.outcomes}
    assert states | {TIMED: "holds"} == {check.name: "holds" for check in CHECKS}
    if states[TIMED] == "holds":
        assert report.verdict == f"Good: all {len(CHECKS)} checks hold."


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_by_its_checks_and_by_no_other(fault: type[Good]) -> None:
    failed = {outcome.check for outcome in report_on(fault).failed}
    if TIMED in FAULTS[fault]:
        assert failed == FAULTS[fault]
    else:
        assert failed - {TIMED} == FAULTS[fault]


def test_every_check_is_shown_to_see_a_fault() -> None:
    assert set().union(*FAULTS.values()) == {check.name for check in CHECKS}
