"""Neighbour lists of whole systems in Python (vesin)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from ipip.errors import InputError
from ipip.graph.vesin_list import neighbor_list_class

NeighborList = neighbor_list_class()  # also used by other searches
SAME_PLACE = 1e-3
"""Å; closer atoms are refused: the direction of their force would be rounding."""


class NeighborSearch:
    """Finds pairs repeatedly, and reuses its list while the atoms move little.

    With a skin, candidates up to cutoff + skin are kept until an atom has moved by more than half
    the skin, or the cell, the periodic directions or the number of atoms have changed; distances
    are computed each time, so results do not depend on the skin.

    Args:
        cutoff: Å.
        skin: Å; 0 searches each time.
    """

    def __init__(self, cutoff: float, skin: float = 0.0) -> None:
        self.cutoff, self.skin = cutoff, skin
        self._search = NeighborList(
            cutoff=cutoff, full_list=True, sorted=True, n_threads=1, skin=skin
        )

    def __reduce__(self) -> tuple[type[NeighborSearch], tuple[float, float]]:
        """Copy and pickle the arguments; the list itself is searched again."""
        return NeighborSearch, (self.cutoff, self.skin)

    def find(
        self, positions: npt.ArrayLike, cell: npt.ArrayLike, pbc: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Find all pairs within the cutoff; for the arguments see `neighbor_list`.

        Raises:
            InputError: positions or cell are not finite, a periodic direction has no extent, or
                two atoms are at the same place.
        """
        edge_index, edge_vec = self.pairs(positions, cell, pbc)
        _check_apart(edge_index, edge_vec)
        return edge_index, edge_vec

    def pairs(
        self, positions: npt.ArrayLike, cell: npt.ArrayLike, pbc: npt.ArrayLike
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Find pairs as `find`; atoms may be at the same place."""
        points, box, periodic = checked_geometry(positions, cell, pbc)
        if len(points) == 0:
            return np.zeros((2, 0), dtype=np.int64), np.zeros((0, 3))
        pairs, vectors = self._search.compute(
            points=points, box=box, periodic=periodic.tolist(), quantities="PD"
        )
        edge_index = np.ascontiguousarray(np.asarray(pairs).T, dtype=np.int64)
        return edge_index, np.array(vectors, dtype=np.float64)


def neighbor_list(
    positions: npt.ArrayLike,
    cell: npt.ArrayLike,
    pbc: npt.ArrayLike,
    cutoff: float,
    *,
    overlaps: bool = False,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Find all pairs within the cutoff, including periodic images, without a limit on their number.

    Args:
        positions: [n, 3] Å.
        cell: [3, 3] rows are lattice vectors, Å; rows of non-periodic directions may be zero.
        pbc: [3] periodic directions.
        cutoff: Å.
        overlaps: accept atoms at the same place, which have no force.

    Returns:
        edge_index: [2, n_edges] receiving atom i, neighbour j, sorted by i.
        edge_vec: [n_edges, 3] r_j - r_i in Å.

    Raises:
        InputError: positions or cell are not finite, a periodic direction has no extent, or two
            atoms are at the same place.
    """
    search = NeighborSearch(cutoff)
    return (search.pairs if overlaps else search.find)(positions, cell, pbc)


def check_apart(positions: npt.ArrayLike, cell: npt.ArrayLike, pbc: npt.ArrayLike) -> None:
    """Check that no two atoms, images included, are at the same place.

    Args:
        positions: [n, 3] Å.
        cell: [3, 3] rows are lattice vectors, Å.
        pbc: [3] periodic directions.

    Raises:
        InputError: as `neighbor_list`.
    """
    points, box, periodic = checked_geometry(positions, cell, pbc)
    atoms = np.arange(len(points))
    if periodic.any():
        inverse = np.linalg.inv(box)
        inside = points @ inverse
        inside[:, periodic] %= 1.0
        for axis in np.flatnonzero(periodic):  # images of atoms at one face are at the other
            face = inside[:, axis] < SAME_PLACE * np.linalg.norm(inverse[:, axis])
            inside = np.concatenate([inside, inside[face] + np.eye(3)[axis]])
            atoms = np.concatenate([atoms, atoms[face]])
        points = inside @ box
    for first, second in KDTree(points).query_pairs(SAME_PLACE):
        distance = float(np.linalg.norm(points[first] - points[second]))
        _refuse(int(atoms[first]), int(atoms[second]), distance)


def _check_apart(edge_index: npt.NDArray[np.int64], edge_vec: npt.NDArray[np.float64]) -> None:
    squared = np.einsum("ex,ex->e", edge_vec, edge_vec)
    if len(squared) and squared.min() < SAME_PLACE**2:
        first, second = edge_index[:, int(squared.argmin())].tolist()
        _refuse(first, second, float(squared.min()) ** 0.5)


def _refuse(first: int, second: int, distance: float) -> None:
    raise InputError(
        f"atoms {min(first, second)} and {max(first, second)} are at the same place "
        f"({distance:.2g} Å apart), so their force has no direction; look for duplicate "
        "atoms"
    )


def checked_geometry(
    positions: npt.ArrayLike, cell: npt.ArrayLike, pbc: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Check a geometry without searching for pairs.

    Returns:
        positions [n, 3] and cell [3, 3] in Å, the cell complete for open directions too, and
        the periodic directions [3].

    Raises:
        InputError: as `neighbor_list`.
    """
    points = np.ascontiguousarray(positions, dtype=np.float64)
    box = np.ascontiguousarray(cell, dtype=np.float64)
    periodic = np.broadcast_to(np.asarray(pbc, dtype=bool), 3)
    if not np.isfinite(points).all():
        atom = int(np.argwhere(~np.isfinite(points).all(axis=1))[0, 0])
        raise InputError(f"atom {atom} is at {points[atom]}; expected finite positions in Å")
    if not np.isfinite(box).all():
        raise InputError(f"the cell is {box.tolist()}; expected finite vectors in Å")
    if periodic.any():
        box = _complete(box, periodic)
    return points, box, periodic


def _complete(
    cell: npt.NDArray[np.float64], periodic: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Set vectors of open directions without extent to unit vectors normal to the others."""
    from ase.geometry import complete_cell

    lengths = np.linalg.norm(cell, axis=1)
    for axis in range(3):
        if periodic[axis] and lengths[axis] < 1e-8:
            raise InputError(
                f"direction {'abc'[axis]} is periodic but its cell vector is "
                f"{cell[axis].tolist()}; give the cell, or set pbc to false in this direction"
            )
    full = np.asarray(complete_cell(cell), dtype=np.float64)
    if abs(np.linalg.det(full)) < 1e-8:
        raise InputError(f"the cell {cell.tolist()} has no volume; expected independent vectors")
    return full
