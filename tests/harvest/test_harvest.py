"""The whole harvest on made-up frames: bounds, ranking, selection, a decision for each."""

import json

import numpy as np
import pytest

from ipip.config.harvest import HarvestSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.harvest import Candidate, harvest, label_problem, mean_energies_per_atom

BOUNDS = {("S", "S"): 1.5}


def _frame(distance: float, student_force: float = 0.0) -> Frame:
    positions = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, distance]])
    forces = np.array([[0.0, 0.0, -student_force], [0.0, 0.0, student_force]])
    return Frame(np.array([16, 16]), positions, np.eye(3) * 9.0, np.ones(3, bool), forces=forces)


def _teacher(frames: list[Frame]) -> list[Frame]:
    """A spring of 10 eV/Å^2 around 2 Å; refuses beyond 3.5 Å, not finite beyond 3 Å."""
    labelled = []
    for frame in frames:
        stretch = frame.positions[1, 2] - 2.0
        force = np.array([[0.0, 0.0, 10.0 * stretch], [0.0, 0.0, -10.0 * stretch]])
        energy: float | None = 5.0 * stretch**2
        if stretch > 1.5:
            info = {"teacher_error": "too far apart"}
            labelled.append(frame.replace(energy=None, forces=None, info=info))
            continue
        labelled.append(frame.replace(energy=np.nan if stretch > 1.0 else energy, forces=force))
    return labelled


def _features(frames: list[Frame]) -> np.ndarray:
    return np.array([[f.positions[1, 2], f.positions[1, 2] ** 2] for f in frames])


def _harvest(frames: list[Frame], /, known=(), label=_teacher, expected=(), **settings):
    candidates = [Candidate("run", "unstable", k, 5.0 * k) for k in range(len(frames))]
    known_features = np.array([[d, d**2] for d in known]).reshape(-1, 2)
    return harvest(
        candidates,
        frames,
        label=label,
        features=_features,
        known_features=known_features,
        min_distances=BOUNDS,
        settings=HarvestSettings(**settings),
        expected_errors=expected,
    )


def test_each_candidate_gets_a_decision_and_exploded_ones_are_never_selected():
    bad = _frame(2.0).replace(positions=np.full((2, 3), np.nan))
    frames = [_frame(1.2), bad, _frame(2.5), _frame(3.2), _frame(3.9), _frame(1.7), _frame(2.0)]
    found = _harvest(frames, known=[2.0], max_force=4.0, min_force_difference=0.1)
    reasons = [d.reason for d in found.decisions]
    assert "S-S distance 1.200 Å is below 1.500 Å" in reasons[0]
    assert reasons[1] == "positions are not finite"
    assert reasons[2] == "teacher force 5.00 eV/Å is above 4.00 eV/Å"
    assert "not finite" in reasons[3] and reasons[4] == "too far apart"
    assert reasons[5] == "" and "agree" not in reasons[5]
    assert "force difference 0.000 eV/Å is below" in reasons[6]
    assert [d.taken for d in found.decisions] == [False] * 5 + [True, False]
    assert found.labelled == 5 and len(found.frames) == 1
    assert found.frames[0].energy == pytest.approx(5.0 * 0.3**2)
    assert found.decisions[5].force_difference == pytest.approx(3.0)
    assert found.decisions[5].max_force == pytest.approx(3.0)
    json.dumps([d.as_dict() for d in found.decisions], allow_nan=False)


def test_the_same_input_gives_the_same_harvest_without_duplicates():
    random = np.random.default_rng(0)
    frames = [_frame(d) for d in random.uniform(1.6, 2.9, 30)] + [_frame(2.7), _frame(2.7)]
    one, two = (_harvest(frames, known=[2.0], frames=8) for _ in range(2))
    assert one.decisions == two.decisions
    assert len(one.frames) == 8
    taken = [f.positions[1, 2] for f in one.frames]
    assert len(set(np.round(taken, 6))) == 8
    order = [d.order for d in one.decisions if d.taken]
    assert sorted(order) == list(range(8))


def test_nothing_to_look_at_is_an_empty_harvest():
    empty = _harvest([])
    assert empty.frames == [] and empty.decisions == [] and empty.labelled == 0
    assert _harvest([_frame(1.0)]).frames == []


def test_the_energy_bound_is_for_known_compositions():
    known = [_frame(2.0).replace(energy=-4.0), _frame(2.0).replace(energy=-2.0)]
    means = mean_energies_per_atom(known)
    assert means == {"S2": -1.5}
    high = _frame(2.0).replace(energy=3.0)
    settings = HarvestSettings(max_energy=2.0)
    assert "3.000 eV/atom above" in label_problem(high, settings, means)
    assert label_problem(high, settings, {"O2": -1.5}) is None
    assert label_problem(high, HarvestSettings(), means) is None


def test_mistakes_of_the_caller_are_named():
    with pytest.raises(InputError, match="0 candidates but 1 frames"):
        harvest(
            [],
            [_frame(2.0)],
            label=_teacher,
            features=_features,
            known_features=[],
            min_distances={},
            settings=HarvestSettings(),
        )
    with pytest.raises(InputError, match="lacks the student's forces"):
        _harvest([_frame(2.0).replace(forces=None)])
    with pytest.raises(ValueError, match="less than the window"):
        HarvestSettings(window=10.0, margin=10.0)


def test_at_random_the_first_sound_candidates_are_selected_without_the_teacher():
    frames = [_frame(d) for d in (2.0, 1.2, 2.6, 2.0, 2.7, 2.8)]
    found = _harvest(frames, choose="random", frames=3, min_force_difference=5.0)
    assert [d.taken for d in found.decisions] == [True, False, True, True, False, False]
    assert [d.reason for d in found.decisions[4:]] == ["sound, but drawn later"] * 2
    assert found.labelled == 5


def test_by_uncertainty_the_teacher_labels_only_selected_frames():
    queries: list[float] = []

    def teacher(frames: list[Frame]) -> list[Frame]:
        queries.extend(float(frame.positions[1, 2]) for frame in frames)
        return _teacher(frames)

    frames = [_frame(d) for d in (1.6, 1.8, 2.1, 2.4, 2.6, 3.2, 1.2)]
    found = _harvest(
        frames,
        known=[2.0],
        label=teacher,
        expected=[abs(f.positions[1, 2] - 2.0) for f in frames],
        rank="uncertainty",
        frames=3,
        pool_factor=1.0,
    )
    assert sorted(queries) == [1.6, 2.6, 3.2]  # the least certain of the sound ones
    assert found.labelled == 3 and len(found.frames) == 2
    by_distance = {f.positions[1, 2]: d for f, d in zip(frames, found.decisions, strict=True)}
    assert "not finite" in by_distance[3.2].reason and not by_distance[3.2].taken
    assert "below 1.500" in by_distance[1.2].reason
    assert by_distance[2.6].taken and by_distance[2.6].force_difference == pytest.approx(6.0)
    assert by_distance[2.4].force_difference is None and by_distance[2.4].reason
    assert by_distance[2.4].expected_error == pytest.approx(0.4)


def test_by_uncertainty_a_student_must_have_expected_errors():
    for expected in ((), [None]):
        with pytest.raises(InputError, match=r"harvest\.rank is uncertainty"):
            _harvest([_frame(2.5)], expected=expected, rank="uncertainty")


def test_the_calls_that_a_harvest_may_cost_follow_from_its_rank():
    by = {"candidates": 30, "frames": 8}
    assert HarvestSettings(**by).teacher_calls == 30
    assert HarvestSettings(**by, rank="uncertainty").teacher_calls == 8
    assert HarvestSettings(candidates=5, frames=8, rank="uncertainty").teacher_calls == 5
    assert HarvestSettings(**by, rank="uncertainty", choose="random").teacher_calls == 30
