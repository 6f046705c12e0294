"""A system that moves, evaluated by libipip as a deck does: candidates now and then, positions."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from ipip.graph.candidates import CandidateSearch
from ipip.graph.neighbors import SAME_PLACE, NeighborSearch
from ipip.native import core as _core


class MovingSystem:
    """Evaluates one system after another, with little work for those that differ by small moves.

    Results do not depend on what was evaluated before, but for rounding.

    Args:
        student: evaluates; its candidates are this object's from now on.
        skin: Å, see `CandidateSearch`.
    """

    def __init__(self, student: _core.Student, skin: float) -> None:
        self._student, self._n_types = student, len(student.symbols)
        self._search = CandidateSearch(student.cutoff, skin)

    def evaluate(
        self,
        species: npt.ArrayLike,
        positions: npt.ArrayLike,
        cell: npt.ArrayLike,
        pbc: npt.ArrayLike,
    ) -> dict[str, Any]:
        """Evaluate a system, as `ipip._core.Student.compute_points`.

        Args:
            species: [n] index into the student's elements.
            positions: [n, 3] Å.
            cell: [3, 3] rows are lattice vectors, Å.
            pbc: [3] periodic directions.

        Raises:
            InputError: as `ipip.graph.neighbor_list`.
        """
        new, points = self._search.update(species, self._n_types, positions, cell, pbc)
        if new is not None:
            try:
                self._student.set_candidates(**new)
            except Exception:
                self._search.forget()
                raise
        results = self._student.compute_points(points)
        if results["closest"].min(initial=SAME_PLACE) < SAME_PLACE:
            NeighborSearch(self._student.cutoff).find(positions, cell, pbc)  # says which atoms
        return results
