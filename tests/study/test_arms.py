"""What each arm changes, and that budgets are equal."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.loop.conftest import plain_settings

from ipip.config.run import RunSettings
from ipip.config.study import StudySettings
from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError
from ipip.study import build_arms
from ipip.study.arms import epoch_concerns, find_budget
from ipip.train import steps_of

NAMES = ["none", "one-shot", "one-shot-long", "one-shot-budget", "iterated", "iterated-warm"]


@pytest.fixture
def base(tmp_path: Path) -> RunSettings:
    return RunSettings.model_validate(plain_settings(tmp_path) | {"rounds": 2})


def study(*arms, **changes) -> StudySettings:
    values = {"run": "run.yaml", "seeds": [1, 2], "arms": list(arms), "baseline": "one-shot"}
    return StudySettings.model_validate(values | changes)


def made(base, *arms):
    budget = find_budget(base, 6)
    made = build_arms(study(*arms), base, budget, lambda run: run.reference.split.train or 6)
    return budget, {arm.name: arm for arm in made}


def test_every_arm_trains_its_last_student_with_the_same_number_of_steps(base):
    budget, arms = made(base, *NAMES)
    for name in ("one-shot", "one-shot-budget", "iterated", "iterated-warm"):
        run = arms[name].settings(base, 1)
        assert steps_of(run.pretrain, 50) == budget.pretrain_steps, name
        assert steps_of(run.finetune, 6) == budget.finetune_steps, name
    none = arms["none"].settings(base, 1)
    assert none.pretrain is None
    assert steps_of(none.finetune, 6) == budget.pretrain_steps + budget.finetune_steps


def test_long_arms_spend_the_steps_of_all_rounds(base):
    budget, arms = made(base, *NAMES)
    run = arms["one-shot-long"].settings(base, 1)
    steps = steps_of(run.pretrain, 50) + steps_of(run.finetune, 6)
    assert steps == budget.rounds * budget.steps_of_one_student


def test_the_teacher_budget_goes_into_longer_teacher_md(base):
    budget, arms = made(base, *NAMES)
    run = arms["one-shot-budget"].settings(base, 1)
    more = (run.teacher_md.steps - base.teacher_md.steps) * budget.teacher_runs
    assert budget.harvest_calls <= more
    assert more < budget.harvest_calls + budget.teacher_runs * base.teacher_md.frame_interval
    assert run.teacher_md.steps % base.teacher_md.frame_interval == 0


def test_seeds_go_into_the_run(base):
    _, arms = made(base, *NAMES)
    assert arms["iterated"].settings(base, 23).seed == 23


def test_an_arm_of_ones_own(base):
    custom = {"name": "half", "set": {"iteration.forget_fraction": 0.5}}
    _, arms = made(base, "one-shot", custom)
    assert arms["half"].settings(base, 1).iteration.forget_fraction == 0.5


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("iteration.forget_fracton", 0.5, "iteration.forget_fracton: no such key"),
        ("iteration.forget_fraction", 1.5, "iteration.forget_fraction: Input should be less"),
    ],
)
def test_a_wrong_change_is_refused_before_work(base, key, value, message):
    with pytest.raises(InputError, match=message):
        made(base, "one-shot", {"name": "half", "set": {key: value}})


def test_a_run_without_rounds_is_refused(base):
    with pytest.raises(InputError, match="rounds: 0"):
        made(base.model_copy(update={"rounds": 0}), "one-shot", "none")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": [1, 1]}, "different seeds"),
        ({"baseline": "iterated-warm"}, "expected one of the arms"),
        ({"arms": ["one-shot", "one-shot"]}, "two arms have the name"),
    ],
)
def test_studies_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        study("one-shot", "iterated", **changes)


RIVALS = ["one-shot-hessian", "one-shot-frad", "one-shot-gpip"]


def test_rivals_pretrain_once_with_the_steps_and_teacher_evaluations_of_the_iterated_arm(base):
    budget, arms = made(base, "one-shot", *RIVALS)
    for name in RIVALS:
        run = arms[name].settings(base, 1)
        assert run.rounds == 0
        assert f"one-shot-{run.pretrain.method.kind}" == name
        assert steps_of(run.pretrain, 50) == budget.pretrain_steps, name
        assert steps_of(run.finetune, 6) == budget.finetune_steps, name
    method = arms["one-shot-hessian"].settings(base, 1).pretrain.method
    assert method.max_calls == budget.harvest_calls


def test_an_arm_whose_method_the_teacher_cannot_serve_is_refused_before_work(base):
    with pytest.raises(InputError, match=r"one-shot-n2n: .*teacher.kind ase gives none"):
        made(base, "one-shot", "one-shot-n2n")
    sevennet = base.model_copy(update={"teacher": TeacherSettings(kind="sevennet")})
    _, arms = made(sevennet, "one-shot", "one-shot-n2n", "one-shot-a2a")
    assert arms["one-shot-n2n"].settings(sevennet, 1).pretrain.method.kind == "n2n"


def test_a_key_of_a_block_that_is_null_is_refused_where_the_study_names_it(base):
    silent = {"name": "active", "like": "iterated", "set": {"active.rank": "uncertainty"}}
    with pytest.raises(InputError, match=r"arm active: active.rank: active is null in this arm"):
        made(base, "one-shot", silent)


def test_an_arm_may_have_a_separate_baseline_and_be_like_another(base):
    few = {"name": "few", "like": "none", "set": {"seed": 3}, "baseline": "iterated"}
    settings = study("one-shot", "iterated", few)
    assert settings.baselines == {"iterated": "one-shot", "few": "iterated"}
    _, arms = made(base, "one-shot", few | {"baseline": None})
    assert arms["few"].meaning == "none with seed 3"
    assert arms["few"].settings(base, 1).pretrain is None
    with pytest.raises(ValidationError, match="baseline is 'other'; expected one of the arms"):
        study("one-shot", few | {"baseline": "other"})


def test_a_protocol_names_arms_of_the_study():
    protocol = {"name": "hot", "file": "hot.yaml", "arms": ["iterated"]}
    assert study("one-shot", "iterated", protocols=[protocol]).protocols[0].arms == ["iterated"]
    with pytest.raises(ValidationError, match="no arm is called iterated; expected some of"):
        study("one-shot", "none", protocols=[protocol])


def test_an_arm_with_more_labels_keeps_the_steps_unless_it_requests_the_epochs(base):
    more = {"like": "one-shot", "set": {"reference.split.train": 60}}
    scaled = {"name": "60-scaled", "steps": "epochs"} | more
    none = {"name": "none-scaled", "like": "none", "steps": "epochs", "set": more["set"]}
    budget, arms = made(base, "one-shot", {"name": "60"} | more, scaled, none)
    steps = {name: arm.settings(base, 1).finetune.max_steps for name, arm in arms.items()}
    passes = 15 / 2  # of 4 frames a batch: 60 labels and 6
    assert steps["60"] == steps["one-shot"] == budget.finetune_steps == 6
    assert steps["60-scaled"] == 6 * passes
    assert steps["none-scaled"] == budget.pretrain_steps + 6 * passes
    assert (arms["one-shot"].labels, arms["one-shot"].epochs) == (6, 3.0)
    assert (arms["60"].labels, arms["60"].epochs) == (60, pytest.approx(0.4))
    assert arms["60-scaled"].epochs == 3.0


def test_an_arm_that_sees_its_labels_too_seldom_is_named(base):
    more = {"like": "one-shot", "set": {"reference.split.train": 60}}
    scaled = {"name": "60-scaled", "steps": "epochs"} | more
    budget, arms = made(base, "one-shot", {"name": "60"} | more, scaled)
    (told,) = epoch_concerns(list(arms.values()), base, budget, 6)
    assert told.startswith(
        "arm 60 trains on its 60 labels for 0 epochs, the run on its 6 for 3: its error may be"
    )
    assert "`steps: epochs`" in told
