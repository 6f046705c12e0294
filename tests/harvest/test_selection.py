"""Ranking and farthest-point selection."""

import numpy as np
import pytest
from skmatter.sample_selection import FPS

from ipip.config.harvest import HarvestSettings
from ipip.errors import InputError
from ipip.harvest import farthest_points, force_difference, scale_features, select


def test_force_difference_is_the_largest_or_the_root_mean_square_over_atoms():
    student, teacher = np.zeros((2, 3)), np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]])
    assert force_difference(student, teacher, "max") == pytest.approx(5.0)
    assert force_difference(student, teacher, "rms") == pytest.approx(5.0 / np.sqrt(2.0))
    assert force_difference(student * np.nan, teacher) == np.inf


@pytest.mark.parametrize("known", [1, 5, 40])
def test_farthest_points_match_scikit_matter(known):
    random = np.random.default_rng(known)
    points = random.normal(size=(known + 60, 7))
    reference = FPS(initialize=list(range(known)), n_to_select=known + 20).fit(points)
    ours, distances = farthest_points(points[known:], points[:known], 20)
    np.testing.assert_array_equal(ours, reference.selected_idx_[known:] - known)
    squares = reference.hausdorff_at_select_[reference.selected_idx_[known:]]
    np.testing.assert_allclose(distances**2, squares, rtol=1e-9)


def test_without_known_points_the_selection_starts_with_the_given_one():
    points = np.random.default_rng(0).normal(size=(30, 4))
    reference = FPS(initialize=3, n_to_select=10).fit(points)
    ours, distances = farthest_points(points, np.zeros((0, 4)), 10, first=3)
    np.testing.assert_array_equal(ours, reference.selected_idx_)
    assert distances[0] == np.inf and (np.diff(distances[1:]) <= 1e-12).all()


def test_scaled_features_do_not_depend_on_units_and_constant_ones_vanish():
    random = np.random.default_rng(0)
    new, old = random.normal(size=(5, 3)), random.normal(size=(4, 3))
    new[:, 2] = old[:, 2] = 7.0
    a = scale_features(new, old)
    b = scale_features(new * [1e3, 1.0, 2.0] + 5.0, old * [1e3, 1.0, 2.0] + 5.0)
    np.testing.assert_allclose(a[0], b[0], atol=1e-9)
    np.testing.assert_array_equal(a[1][:, 2], 0.0)
    with pytest.raises(InputError, match="not finite"):
        scale_features(new * np.nan, old)


def test_the_worst_predicted_form_the_pool_and_the_diverse_are_selected():
    # Three clusters; the fourth candidate agrees well with the teacher.
    features = np.array([[0.0, 0.0], [0.001, 0.0], [5.0, 0.0], [9.0, 9.0], [0.0, 5.0]])
    differences = np.array([1.0, 0.9, 0.8, 0.01, 0.7])
    settings = HarvestSettings(frames=3, min_force_difference=0.1, duplicate_distance=1e-2)
    found = select(differences, features, np.zeros((0, 2)), settings)
    assert sorted(found.taken.tolist()) == [0, 2, 4] and found.taken[0] == 0
    assert "below" in found.reasons[3] and "duplicate" in found.reasons[1]
    assert set(found.taken.tolist()) | set(found.reasons) == set(range(5))


def test_known_frames_are_not_selected_again():
    features = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    found = select([1.0, 2.0, 3.0], features, features[[2, 0]], HarvestSettings(frames=3))
    assert found.taken.tolist() == [1]
    assert all("duplicate" in found.reasons[k] for k in (0, 2))


def test_surplus_frames_are_the_less_diverse_and_the_better_predicted():
    features = np.arange(10.0)[:, None] ** 2
    settings = HarvestSettings(frames=2, pool_factor=2.0)
    found = select(np.arange(10.0), features, np.zeros((0, 1)), settings)
    assert found.taken.tolist() == [9, 6]
    assert sum("not among the 4 worst" in r for r in found.reasons.values()) == 6
    assert sum("less diverse" in r for r in found.reasons.values()) == 2


def test_a_single_candidate_and_none_at_all_are_fine():
    one = select([1.0], [[1.0, 2.0]], np.zeros((0, 2)), HarvestSettings())
    assert one.taken.tolist() == [0]
    none = select([0.1], [[1.0]], np.zeros((0, 1)), HarvestSettings(min_force_difference=1.0))
    assert none.taken.tolist() == [] and list(none.reasons) == [0]
