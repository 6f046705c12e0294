"""Neighbour lists equal a brute-force search."""

import numpy as np
import pytest

from ipip.errors import InputError
from ipip.graph import NeighborSearch, check_apart, neighbor_list, species_index


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


def test_a_kept_list_equals_a_new_one_after_any_change() -> None:
    rng = np.random.default_rng(2)
    cell, pbc = np.array([[9.1, 0, 0], [0.9, 8.8, 0], [-0.5, 0.7, 9.4]]), [True, True, True]
    points = rng.uniform(-2, 9, (40, 3))
    kept = NeighborSearch(4.2, skin=0.8)
    for step in range(30):
        points = points + rng.normal(scale=0.05, size=points.shape)
        if step == 6:
            points[7] += cell[0]  # the same place in a periodic box
        if step == 12:
            cell = cell * 1.01
        if step == 18:
            pbc = [True, False, True]
        if step == 24:
            points = points[:-3]
        index, vectors = kept.find(points, cell, pbc)
        assert (np.diff(index[0]) >= 0).all()
        found, expected = (
            np.array(sorted((i, j, *np.round(v, 6)) for i, j, v in zip(*e, vec, strict=True)))
            for e, vec in ((index, vectors), neighbor_list(points, cell, pbc, 4.2))
        )
        assert len(found) == len(expected)
        np.testing.assert_allclose(found, expected, atol=2e-6)


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


@pytest.mark.parametrize("apart", [0.0, 1e-7, 9e-4])
@pytest.mark.parametrize("across", [False, True])
def test_two_atoms_at_the_same_place_are_named(apart: float, across: bool) -> None:
    cell = np.array([[6.1, 0, 0], [0.9, 5.8, 0], [-0.5, 0.7, 6.4]])
    points = np.random.default_rng(3).uniform(1, 5, (6, 3))
    points[1] = 0.0  # on an edge of the cell
    points[4] = points[1] + [0, 0, apart] + (cell[0] - cell[2] if across else 0)
    told = r"atoms 1 and 4 are at the same place \(\S+ Å apart\)"
    for find in (NeighborSearch(4.0).find, NeighborSearch(4.0, skin=1.0).find, check_apart):
        with pytest.raises(InputError, match=told):
            find(points, cell, True)
    _, vectors = neighbor_list(points, cell, True, 4.0, overlaps=True)
    assert np.linalg.norm(vectors, axis=1).min() == pytest.approx(apart, abs=1e-9)
    points[4] += [0.002, 0, 0]
    check_apart(points, cell, True)
    NeighborSearch(4.0).find(points, cell, True)
    if across:
        points[4] -= [0.002, 0, 0]
        check_apart(points, cell, False)  # far apart without images


def test_separate_atoms_in_any_cell_pass() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        cell = np.eye(3) * 5 + rng.uniform(-1.5, 1.5, (3, 3))
        grid = np.array(list(np.ndindex(3, 3, 3))) / 3 + rng.integers(-2, 3, (27, 3))
        check_apart(grid @ cell, cell, True)
        one = rng.integers(27)
        image = np.concatenate([grid, grid[[one]] + rng.integers(-3, 4, 3)]) @ cell
        with pytest.raises(InputError, match=f"atoms {one} and 27 are"):
            check_apart(image, cell, True)
