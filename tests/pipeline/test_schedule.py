"""The course of a run: which stages follow from what is done."""

from types import SimpleNamespace

import pytest

from ipip.config.stop import StopSettings
from ipip.pipeline.folder import stage_id, stage_names
from ipip.pipeline.schedule import build_course, spent, stop_reason
from ipip.pipeline.stage import Stage

RULES = StopSettings()


def make_round(index, chain):
    return [Stage(index, name, "", {}, (), None, chain=chain) for name in stage_names(index)]


def evaluated(*errors, failed=0, total=18):
    """Manifests of rounds with these validation errors."""
    return {
        stage_id(k, "50_evaluate"): SimpleNamespace(
            results={
                "valid": {"force_mae_ev_per_a": error},
                "failures": {"failed": failed, "total": total},
            }
        )
        for k, error in enumerate(errors)
    }


def harvested(index, taken):
    return {stage_id(index, "15_harvest"): SimpleNamespace(results={"taken": taken})}


def chains(course):
    return {stage.round: stage.chain for stage in course.stages}


def test_before_anything_is_done_only_round_0_is_certain():
    course = build_course(make_round, {}, RULES, 2)
    assert len(course.stages) == 19 and course.decided == 5
    assert course.next is None and course.stop is None
    assert chains(course) == {0: (), 1: (0,), 2: (0, 1)}


def test_the_next_round_is_certain_once_the_last_is_evaluated():
    course = build_course(make_round, evaluated(0.5), RULES, 2)
    assert course.decided == 12


def test_a_round_after_one_that_is_rolled_back_begins_from_the_one_before():
    course = build_course(make_round, evaluated(0.5, 0.9), RULES, 3)
    assert chains(course) == {0: (), 1: (0,), 2: (0,), 3: (0, 2)}
    assert list(course.next.rolled_back) == [1]


def test_a_run_without_gain_has_no_further_round():
    course = build_course(make_round, evaluated(0.5, 0.5, 0.5), RULES, 5)
    assert max(chains(course)) == 2
    assert course.decided == len(course.stages) == 19
    assert "gained less than" in course.stop


def test_rounds_that_are_done_stay_whatever_the_rules_say_now():
    course = build_course(make_round, evaluated(0.5, 0.5, 0.5, 0.5), RULES, 3)
    assert max(chains(course)) == 3
    assert course.stop == "its last round, 3, is done"


def test_a_harvest_without_new_frames_ends_the_run_before_the_training():
    done = evaluated(0.5, 0.4) | harvested(1, 20) | harvested(2, 0)
    course = build_course(make_round, done, RULES, 4)
    assert course.stages[-1].identity == stage_id(2, "15_harvest")
    assert "nothing new" in course.stop
    assert course.decided == len(course.stages)


@pytest.mark.parametrize("rounds", [0, 2])
def test_a_run_ends_with_its_last_round(rounds):
    done = evaluated(*[0.5 - 0.1 * k for k in range(rounds + 1)])
    assert stop_reason(done, RULES, rounds) is not None
    assert stop_reason(done, RULES, rounds + 1) is None


def test_what_is_spent_is_the_sum_over_stages():
    manifests = {
        "a": SimpleNamespace(wall_s=2.0, results={"teacher_calls": 5}),
        "b": SimpleNamespace(wall_s=3.0, results={}),
    }
    assert spent(manifests).wall_s == 5.0 and spent(manifests).teacher_calls == 5
