"""Candidate pairs of a moving system: searched occasionally, evaluated with positions only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.graph.neighbors import NeighborList, checked_geometry

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class CandidateSearch:
    """Finds the inputs of `ipip._core.Student.set_candidates` and `compute_points`.

    Candidates extend a skin beyond the cutoff. They are valid until an atom has moved by more than
    half the skin, or species, cell, periodic directions or the number of atoms have changed; each
    step selects the pairs within the cutoff, so results do not depend on the skin.

    Points are the atoms and their images that are candidates.

    Args:
        cutoff: Å.
        skin: Å; 0 searches whenever an atom has moved.
    """

    def __init__(self, cutoff: float, skin: float) -> None:
        self._half_skin = 0.5 * skin
        self._search = NeighborList(
            cutoff=cutoff + skin, full_list=True, sorted=True, n_threads=1, skin=0.0
        )
        self._found_for: tuple[IntArray, FloatArray, FloatArray, npt.NDArray[np.bool_]] | None
        self._found_for = None
        self._owners: IntArray = np.zeros(0, dtype=np.int64)  # of images
        self._offsets: FloatArray = np.zeros((0, 3))  # of images from their owners, Å

    def update(
        self,
        species: npt.ArrayLike,
        n_types: int,
        positions: npt.ArrayLike,
        cell: npt.ArrayLike,
        pbc: npt.ArrayLike,
    ) -> tuple[dict[str, Any] | None, FloatArray]:
        """Check whether the candidates are still valid, and find new ones if not.

        Args:
            species: [n] index into the student's elements.
            n_types: number of these elements.
            positions: [n, 3] Å.
            cell: [3, 3] rows are lattice vectors, Å.
            pbc: [3] periodic directions.

        Returns:
            Arguments of `set_candidates` if they are new, and the points [n_points, 3] (Å) of
            this step.

        Raises:
            InputError: as `ipip.graph.neighbor_list`, except for atoms at the same place.
        """
        kinds = np.asarray(species, dtype=np.int64)
        points, box, periodic = checked_geometry(positions, cell, pbc)
        new = None
        if not self._holds(kinds, points, box, periodic):
            new = self._find(kinds, n_types, points, box, periodic)
            self._found_for = (kinds.copy(), points.copy(), box.copy(), periodic.copy())
        return new, np.concatenate([points, points[self._owners] + self._offsets])

    def forget(self) -> None:
        """Find new candidates at the next call of `update` in any case."""
        self._found_for = None

    def _holds(
        self,
        species: IntArray,
        points: FloatArray,
        box: FloatArray,
        periodic: npt.NDArray[np.bool_],
    ) -> bool:
        if self._found_for is None:
            return False
        kinds, start, cell, directions = self._found_for
        same = np.array_equal(kinds, species) and np.array_equal(cell, box)
        if not (same and np.array_equal(directions, periodic)):
            return False
        moved = np.einsum("ix,ix->i", points - start, points - start)
        return bool(moved.max(initial=0.0) <= self._half_skin**2)

    def _find(
        self,
        species: IntArray,
        n_types: int,
        points: FloatArray,
        box: FloatArray,
        periodic: npt.NDArray[np.bool_],
    ) -> dict[str, Any]:
        n = len(points)
        receivers, neighbours, shifts = self._pairs(points, box, periodic)
        away = shifts.any(axis=1)
        images, place = np.unique(
            np.column_stack([neighbours, shifts])[away], axis=0, return_inverse=True
        )
        neighbours[away] = n + place.reshape(-1)
        self._owners, self._offsets = images[:, 0], images[:, 1:] @ box
        rows = np.concatenate([np.arange(n), self._owners])
        return {
            "species": species,
            "rows": rows,
            "types": species[rows],
            "centres": np.arange(n),
            "first": np.searchsorted(receivers, np.arange(n + 1)),
            "neighbours": neighbours,
            "n_types": n_types,
        }

    def _pairs(
        self, points: FloatArray, box: FloatArray, periodic: npt.NDArray[np.bool_]
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Return receiving atoms, neighbours [n] and the neighbours' periodic shifts [n, 3]."""
        if len(points) == 0:
            none = np.zeros(0, dtype=np.int64)
            return none, none, np.zeros((0, 3), dtype=np.int64)
        pairs, shifts = self._search.compute(
            points=points, box=box, periodic=periodic.tolist(), quantities="PS"
        )
        receivers, neighbours = np.asarray(pairs, dtype=np.int64).T
        return receivers, neighbours.copy(), np.asarray(shifts, dtype=np.int64)
