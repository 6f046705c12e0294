"""Who labels the kept frames, and where the student is trusted."""

import numpy as np
import pytest
import torch

from ipip.config.iteration import IterationSettings
from ipip.data import Frame
from ipip.decisions.trust import nearest_distances, trust_limit, trusted
from ipip.errors import InputError
from ipip.stages.work.committee import draw_part, members
from ipip.stages.work.labellers import average_weights, label_with
from ipip.stages.work.training import replayed
from ipip.train import predict


def molecules(count=3, seed=0):
    rng = np.random.default_rng(seed)
    grid = 2.4 * np.array(list(np.ndindex(2, 2, 1)), dtype=float)
    return [
        Frame(
            numbers=np.array([42, 16, 8, 16]),
            positions=grid.repeat(1, 0) + 0.1 * rng.normal(size=(4, 3)),
            cell=np.zeros((3, 3)),
            pbc=np.zeros(3, bool),
            info={"traj": index // 2},
        )
        for index in range(count)
    ]


@pytest.fixture
def students(make_student):
    first, second = make_student(), make_student()
    with torch.no_grad():
        for parameter in second.parameters():
            parameter += 0.05
    return [first, second]


def test_one_student_labels_as_it_predicts(students):
    frames = molecules()
    counted = []
    labelled, spread = label_with(students[:1], frames, counted.append)
    expected = predict(students[0], frames)
    for a, b in zip(labelled, expected, strict=True):
        assert np.allclose(a.forces, b.forces, rtol=0, atol=1e-6 * np.abs(b.forces).max())
        assert a.energy == pytest.approx(b.energy, rel=1e-9)
    assert spread.tolist() == [0.0] * 3 and sum(counted) == 3


def test_a_committee_labels_with_its_mean_and_gives_its_spread(students):
    frames = molecules()
    labelled, spread = label_with(students, frames)
    one, other = (predict(student, frames) for student in students)
    for frame, a, b, own in zip(labelled, one, other, spread, strict=True):
        assert np.allclose(frame.forces, (a.forces + b.forces) / 2)
        assert frame.energy == pytest.approx((a.energy + b.energy) / 2)
        half = (a.forces - b.forces) / 2  # of two members the standard deviation
        assert own == pytest.approx(np.sqrt((half**2).sum(axis=1).mean()))
        assert own > 0


def test_the_mean_of_forces_is_the_gradient_of_the_mean_energy(students):
    (frame,) = molecules(1)
    step = 1e-4
    (labelled,), _ = label_with(students, [frame])
    moved = []
    for sign in (1, -1):
        positions = frame.positions.copy()
        positions[1, 2] += sign * step
        moved += label_with(students, [frame.replace(positions=positions)])[0]
    slope = (moved[0].energy - moved[1].energy) / (2 * step)
    assert labelled.forces[1, 2] == pytest.approx(-slope, rel=1e-6)


def test_averaged_weights_are_the_mean_and_the_students_stay(students):
    before = [p.detach().clone() for p in students[0].parameters()]
    averaged = average_weights(students)
    for mean, first, second in zip(
        averaged.parameters(), students[0].parameters(), students[1].parameters(), strict=True
    ):
        assert torch.allclose(mean, (first + second) / 2)
    assert all(torch.equal(a, b) for a, b in zip(before, students[0].parameters(), strict=True))


def test_only_students_of_one_kind_are_averaged(make_student):
    with pytest.raises(InputError, match="differ in architecture"):
        average_weights([make_student(), make_student(channels=16)])
    with pytest.raises(InputError, match="no students"):
        average_weights([])


def test_distance_is_to_the_nearest_known_frame():
    known = np.array([[0.0, 0.0], [4.0, 0.0]])
    asked = np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 0.0]])
    distances = nearest_distances(asked, known)
    both = np.concatenate([known, asked])
    scale = both.std(axis=0) * np.sqrt(2)
    expected = [0.0, 2.0 / scale[1], 2.0 / scale[0]]
    assert distances == pytest.approx(expected, abs=1e-7)


def test_the_student_is_trusted_up_to_what_validation_frames_show():
    limit = trust_limit(np.linspace(0, 1, 101), 2.0)
    assert limit == pytest.approx(1.9)
    assert trusted([0.0, 1.9, 1.91, np.nan, np.inf], limit).tolist() == [True, True] + [False] * 3


def test_a_member_learns_from_whole_trajectories(tmp_path):
    frames = molecules(10)
    part = draw_part(frames, "traj", 0.6, seed=3)
    groups = [frame.info["traj"] for frame in part]
    assert len(set(groups)) == 3 and len(part) == 6
    assert part == draw_part(frames, "traj", 0.6, seed=3)
    assert len(draw_part(frames, None, 0.5, seed=3)) == 5
    assert [path.name for path in members(tmp_path, 3)] == ["member_1.pt", "member_2.pt"]


def test_replay_draws_a_multiple_of_the_reference_frames():
    pool = molecules(10)
    chosen = replayed(pool, 4, 1.5, seed=1)
    assert len(chosen) == 6 and len({id(frame) for frame in chosen}) == 6
    assert len(replayed(pool, 40, 1.5, seed=1)) == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labeller": "average"}, "set start: warm"),
        ({"labeller": "committee"}, "set committee to 2 or more"),
        ({"kept_labels": "trust", "uncertainty": "committee"}, "uncertainty: distance"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        IterationSettings(**settings)
