"""Survival curves and summaries, against published and hand-computed values."""

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

from ipip.lammps import Verdict
from ipip.stability import compare_models, kaplan_meier, summarize
from ipip.stability.results import verdict_sentence


def test_the_curve_and_its_interval_match_scipy():
    random = np.random.default_rng(0)
    steps = random.integers(1, 30, 60)
    failed = random.random(60) < 0.6
    ours = kaplan_meier(steps.tolist(), failed.tolist())
    data = CensoredData(uncensored=steps[failed], right=steps[~failed])
    theirs = ecdf(data).sf
    np.testing.assert_allclose(theirs.evaluate(ours.steps), ours.survival, atol=1e-12)
    interval = theirs.confidence_interval(method="log-log")
    inside = (np.array(ours.survival) < 1) & (np.array(ours.survival) > 0)
    chosen = np.array(ours.steps)[inside]
    low, high = np.array(ours.low)[inside], np.array(ours.high)[inside]
    np.testing.assert_allclose(interval.low.evaluate(chosen), low, rtol=1e-6)
    np.testing.assert_allclose(interval.high.evaluate(chosen), high, rtol=1e-6)


def test_runs_that_end_well_do_not_change_the_curve():
    curve = kaplan_meier([100, 100, 100, 100], [False] * 4)
    assert curve.survival == [1.0, 1.0] and curve.median() is None
    curve = kaplan_meier([10, 20, 100, 100], [True, True, False, False])
    assert curve.survival == [1.0, 0.75, 0.5, 0.5] and curve.median() == 20
    assert kaplan_meier([5, 5], [True, True]).survival[-1] == 0.0
    with pytest.raises(ValueError, match="as many steps as outcomes"):
        kaplan_meier([], [])


def _verdict(state: str, step: int, reason: str = "") -> Verdict:
    return Verdict(state, reason, "", step, 100, 12)  # type: ignore[arg-type]


def test_broken_runs_do_not_count_and_causes_are_counted():
    runs = [
        _verdict("stable", 100),
        _verdict("unstable", 40, "distance"),
        _verdict("unstable", 10, "temperature"),
        _verdict("unstable", 30, "distance"),
        _verdict("failed", 5, "killed"),
    ]
    found = summarize("a", runs)
    assert (found.failed, found.total, found.broken) == (3, 4, 1)
    assert found.causes == {"distance": 2, "temperature": 1}
    assert found.failure_steps == [10, 30, 40] and found.median_failure_step == 30
    assert found.survival.survival == [1.0, 0.75, 0.5, 0.25, 0.25]
    nothing = summarize("b", [_verdict("failed", 0, "killed")])
    assert nothing.rate is None and nothing.survival is None


def test_the_paper_s_thirteen_of_a_hundred_differs_from_none():
    bad = summarize("dft", [_verdict("unstable", 9, "force")] * 13 + [_verdict("stable", 100)] * 87)
    good = summarize("ipip", [_verdict("stable", 100)] * 100)
    assert bad.wilson95 == pytest.approx((0.0776, 0.2098), abs=1e-4)
    assert good.wilson95 == pytest.approx((0.0, 0.0370), abs=1e-4)
    assert compare_models(bad, good) < 1e-3
    text = verdict_sentence([bad, good], 1.0, 50_000)
    assert "dft: 13 of 100 runs failed" in text and "ipip differs from dft" in text
    assert "within 50 ps" in text
