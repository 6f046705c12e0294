"""Candidates and points yield the pairs that a search at each step yields."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.graph.candidates import CandidateSearch

CUTOFF = 4.0
CUBE = 7.0 * np.eye(3)
LEANING = np.array([[6.0, 0.0, 0.0], [2.5, 6.5, 0.0], [-1.5, 1.0, 7.0]])
SMALL = 3.1 * np.eye(3)  # atoms see images of themselves


def pairs_of(given: dict[str, Any], points: np.ndarray) -> np.ndarray:
    """Rows and vectors of the pairs within the cutoff, sorted."""
    receivers = np.repeat(np.arange(len(given["centres"])), np.diff(given["first"]))
    vectors = points[given["neighbours"]] - points[given["centres"]][receivers]
    table = np.column_stack([receivers, given["rows"][given["neighbours"]], vectors])
    return in_order(table[np.linalg.norm(vectors, axis=1) < CUTOFF])


def in_order(table: np.ndarray) -> np.ndarray:
    return table[np.lexsort(table.round(6).T)]


@pytest.mark.parametrize("cell", [CUBE, LEANING, SMALL], ids=["cube", "leaning", "small"])
@pytest.mark.parametrize("pbc", [(1, 1, 1), (1, 0, 1), (0, 0, 0)])
@pytest.mark.parametrize("skin", [0.0, 0.8])
def test_pairs_match_a_search_at_each_step(
    cell: np.ndarray, pbc: tuple[int, ...], skin: float
) -> None:
    rng = np.random.default_rng(1)
    positions = rng.uniform(-0.3, 1.4, (14, 3)) @ cell  # some outside of the cell
    species = rng.integers(0, 2, 14)
    search, found, given = CandidateSearch(CUTOFF, skin), 0, {}
    for _ in range(12):
        new, points = search.update(species, 2, positions, cell, pbc)
        found += new is not None
        given = new or given
        edges, vectors = neighbor_list(positions, cell, pbc, CUTOFF)
        expected = in_order(np.column_stack([edges.T, vectors]))
        np.testing.assert_allclose(pairs_of(given, points), expected, atol=1e-9)
        assert (given["types"] == species[given["rows"]]).all()
        positions = positions + rng.normal(0, 0.04, positions.shape)
    assert found == 12 if skin == 0 else 1 < found < 12


def test_any_other_change_needs_new_candidates() -> None:
    search, species = CandidateSearch(CUTOFF, 1.0), np.array([0, 1, 1])
    positions = np.array([[0.0, 0, 0], [2, 0, 0], [0, 2, 0]])
    still: list[tuple[Any, ...]] = [
        (species, 2, positions, CUBE, True),
        (species, 2, positions + 0.2, CUBE, True),
    ]
    changed = [
        (species[::-1], 2, positions, CUBE, True),
        (species, 2, positions, 1.01 * CUBE, True),
        (species, 2, positions, 1.01 * CUBE, (True, True, False)),
        (species[:2], 2, positions[:2], 1.01 * CUBE, (True, True, False)),
        (species[:0], 2, positions[:0], CUBE, True),
    ]
    news = [search.update(*arguments)[0] is not None for arguments in still + changed]
    assert news == [True, False, True, True, True, True, True]


def test_positions_that_are_no_numbers_are_refused() -> None:
    search = CandidateSearch(CUTOFF, 1.0)
    with pytest.raises(InputError, match="atom 1 is at"):
        search.update([0, 0], 1, [[0, 0, 0], [np.nan, 0, 0]], CUBE, True)
