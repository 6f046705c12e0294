"""Sizes of a run by profile."""

import pytest

from ipip.config.painn import PaiNNSettings
from ipip.config.profiles import PROFILES, find_profile, sized_settings, timestep
from ipip.errors import InputError


def sized(name="quick", **changes):
    given = {
        "systems": 1,
        "atoms": 24.0,
        "lightest": 1.008,
        "temperature": 600.0,
        "labels": 70,
        "processes": 2,
    }
    return sized_settings(PROFILES[name], **(given | changes))


@pytest.mark.parametrize("systems", [1, 3, 4, 5])
def test_trajectories_and_stability_runs_are_shared_by_the_systems(systems):
    values = sized(systems=systems)
    assert abs(values["runs"] * systems - 12) <= systems / 2
    assert abs(values["stability"]["runs"] * systems - 18) <= systems / 2


@pytest.mark.parametrize("name", PROFILES)
def test_students_have_the_repulsion_of_nuclei(name):
    assert PaiNNSettings.model_validate(sized(name)["student"]).zbl is True


@pytest.mark.parametrize(("atoms", "steps"), [(24, 120), (8, 340), (2000, 60)])
def test_larger_boxes_get_fewer_steps_of_the_teacher_within_bounds(atoms, steps):
    md = sized(atoms=atoms)["teacher_md"]
    assert md["steps"] == steps
    assert md["steps"] // md["frame_interval"] == 20


def test_epochs_follow_from_the_frames_so_that_steps_stay_alike():
    for labels in (20, 70, 500, 3000):
        epochs = sized(labels=labels)["finetune"]["max_epochs"]
        steps = epochs * -(-labels // 5)
        assert steps == pytest.approx(600, rel=0.1) or epochs == 5
    assert sized()["pretrain"]["max_epochs"] == 31  # 1500 steps on 240 frames by fives


@pytest.mark.parametrize(
    ("name", "lightest", "temperature", "step"),
    [
        ("quick", 1.008, 600.0, 1.0),
        ("quick", 1.008, 1500.0, 0.5),
        ("quick", 15.999, 2500.0, 2.0),
        ("production", 1.008, 300.0, 0.5),
        ("production", 15.999, 2500.0, 1.0),
    ],
)
def test_the_time_step_follows_the_fastest_vibration(name, lightest, temperature, step):
    assert timestep(PROFILES[name], lightest, temperature) == step


def test_an_unknown_profile_is_refused():
    with pytest.raises(InputError, match="'fast'; expected quick or production"):
        find_profile("fast")
