"""The schedule of a run: which stages follow the finished ones."""

from types import SimpleNamespace

import pytest

from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.config.stop import StopSettings
from ipip.loop.schedule import build_schedule
from ipip.pipeline.stage import BoundStage, Round
from ipip.stages.evaluate import EVALUATE
from ipip.stages.harvest import HARVEST, HarvestRecord
from ipip.stages.listing import stages_of_round
from ipip.views.outcomes import spent, stop_reason

RULES = StopSettings()


SETTINGS = RunSettings.model_validate(quick_values())


def make_round(index, chain):
    within = Round(SETTINGS, index, chain)
    return [BoundStage(stage, within, {}, ()) for stage in stages_of_round(SETTINGS, index)]


def evaluated(*errors, failed=0, total=18):
    """Manifests of rounds with these validation errors."""
    return {
        EVALUATE.of(k): SimpleNamespace(
            results={
                "test": {},
                "valid": {"force_mae_ev_per_a": error},
                "test_frame_errors": [],
                "test_frame_energy_errors": [],
                "failures": {"failed": failed, "total": total, "wilson95": [0.0, 1.0]},
                "runs": [],
            }
        )
        for k, error in enumerate(errors)
    }


def harvested(index, taken):
    record = HarvestRecord(
        candidates=9,
        labelled=9,
        taken=taken,
        taken_from_unstable=0,
        mean_force_difference_ev_per_a=None,
        left={},
    )
    return {HARVEST.of(index): SimpleNamespace(results=record.as_dict())}


def chains(schedule):
    return {stage.round.index: stage.round.chain for stage in schedule.stages}


def test_before_anything_is_done_only_round_0_is_certain():
    schedule = build_schedule(make_round, {}, RULES, 2)
    assert len(schedule.stages) == 19 and schedule.decided == 5
    assert schedule.next is None and schedule.stop is None
    assert chains(schedule) == {0: (), 1: (0,), 2: (0, 1)}


def test_the_next_round_is_certain_once_the_last_is_evaluated():
    schedule = build_schedule(make_round, evaluated(0.5), RULES, 2)
    assert schedule.decided == 12


def test_a_round_after_one_that_is_rolled_back_begins_from_the_one_before():
    schedule = build_schedule(make_round, evaluated(0.5, 0.9), RULES, 3)
    assert chains(schedule) == {0: (), 1: (0,), 2: (0,), 3: (0, 2)}
    assert list(schedule.next.rolled_back) == [1]


def test_a_run_without_gain_has_no_further_round():
    schedule = build_schedule(make_round, evaluated(0.5, 0.5, 0.5), RULES, 5)
    assert max(chains(schedule)) == 2
    assert schedule.decided == len(schedule.stages) == 19
    assert "gained less than" in schedule.stop


def test_finished_rounds_stay_under_any_new_rules():
    schedule = build_schedule(make_round, evaluated(0.5, 0.5, 0.5, 0.5), RULES, 3)
    assert max(chains(schedule)) == 3
    assert schedule.stop == "its last round, 3, is done"


def test_a_harvest_without_new_frames_ends_the_run_before_the_training():
    done = evaluated(0.5, 0.4) | harvested(1, 20) | harvested(2, 0)
    schedule = build_schedule(make_round, done, RULES, 4)
    assert schedule.stages[-1].stage_id == HARVEST.of(2)
    assert "nothing new" in schedule.stop
    assert schedule.decided == len(schedule.stages)


@pytest.mark.parametrize("rounds", [0, 2])
def test_a_run_ends_with_its_last_round(rounds):
    done = evaluated(*[0.5 - 0.1 * k for k in range(rounds + 1)])
    assert stop_reason(done, RULES, rounds) is not None
    assert stop_reason(done, RULES, rounds + 1) is None


def test_spent_budgets_are_the_sum_over_stages():
    manifests = {
        "a": SimpleNamespace(wall_s=2.0, teacher_calls=5),
        "b": SimpleNamespace(wall_s=3.0, teacher_calls=0),
    }
    assert spent(manifests).wall_s == 5.0 and spent(manifests).teacher_calls == 5
