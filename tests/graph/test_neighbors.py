"""Neighbour lists equal a brute-force search."""

import numpy as np
import pytest

from ipip.errors import InputError
from ipip.graph import neighbor_list, species_index


def brute_force(points, cell, pbc, cutoff):  # type: ignore[no-untyped-def]
    span = [range(-4, 5) if p else range(1) for p in pbc]
    found = []
    for shift in np.array(np.meshgrid(*span)).reshape(3, -1).T:
        for i, a in enumerate(points):
            for j, b in enumerate(points):
                d = b + shift @ cell - a
                if (i != j or shift.any()) and np.linalg.norm(d) < cutoff:
                    found.append((i, j, *np.round(d, 9)))
    return sorted(found)


@pytest.mark.parametrize("pbc", [(True, True, True), (True, False, False), (False, False, False)])
def test_pairs_equal_brute_force_in_boxes_smaller_than_the_cutoff(pbc: tuple[bool, ...]) -> None:
    rng = np.random.default_rng(1)
    cell = np.array([[3.1, 0, 0], [0.9, 2.8, 0], [-0.5, 0.7, 3.4]])
    points = rng.uniform(-2, 5, (5, 3))
    index, vectors = neighbor_list(points, cell, pbc, 4.2)
    ours = sorted((i, j, *np.round(v, 9)) for i, j, v in zip(*index, vectors, strict=True))
    expected = brute_force(points, cell, pbc, 4.2)
    assert len(ours) == len(expected)
    np.testing.assert_allclose(np.array(ours), np.array(expected), atol=2e-9)
    assert (np.diff(index[0]) >= 0).all()


def test_no_atoms_have_no_pairs() -> None:
    index, vectors = neighbor_list(np.zeros((0, 3)), np.eye(3), True, 3.0)
    assert index.shape == (2, 0) and vectors.shape == (0, 3)


def test_a_cell_without_extent_in_a_periodic_direction_is_refused() -> None:
    with pytest.raises(InputError, match="direction c is periodic"):
        neighbor_list(np.zeros((1, 3)), np.diag([4.0, 4, 0]), True, 3.0)


def test_positions_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="atom 1"):
        neighbor_list([[0, 0, 0], [0, np.nan, 0]], np.eye(3), False, 3.0)


def test_an_element_that_the_student_does_not_know_is_named() -> None:
    with pytest.raises(InputError, match="holds Fe"):
        species_index([42, 26], ["Mo", "S"])
