r"""Fractional denoising after Frad (Ni et al., Nature Machine Intelligence 6, 1169 (2024)).

A configuration is first changed along its soft degrees of freedom (fragments turn about bonds whose
removal separates them), which the network must *not* undo, then every coordinate gets
Gaussian noise of width $\tau$, which it is. A conservative student undoes noise by its forces: with

    F(x + noise) = -stiffness * noise

the loss of denoising is a force loss, and the student's energy becomes a local harmonic estimate of
the surface. Torsions of organic molecules become turns about any bridge of the bond graph, so that
inorganic molecules have them too. No teacher is queried.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
from ase.data import covalent_radii
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from ipip.data import Frame
from ipip.graph import neighbor_list

FloatArray = npt.NDArray[np.float64]
BOND_FACTOR = 1.25  # a bond is shorter than this times the sum of covalent radii


@dataclasses.dataclass(frozen=True)
class Fragments:
    """The rotatable fragments of a frame, determined once and rotated often.

    Attributes:
        positions: [n, 3] Å, in which each molecule is whole, not cut by periodic boundaries.
        joints: bonds (i, j) whose removal separates i from j, and the atoms of j's side as a mask
            [n]; it is the smaller one.
    """

    positions: FloatArray
    joints: tuple[tuple[int, int, npt.NDArray[np.bool_]], ...]

    @classmethod
    def of(cls, frame: Frame) -> Fragments:
        """Find the fragments of a frame."""
        bonds, vectors = find_bonds(frame)
        joints = [(i, j, _side_of(len(frame), bonds, i, j)) for i, j in bridges(len(frame), bonds)]
        return cls(_unwrapped(frame.positions, bonds, vectors), tuple(joints))

    def turned(self, turn: float, generator: np.random.Generator) -> FloatArray:
        """Turn the smaller side of every joint about its bond; return positions [n, 3] Å.

        Bonds stay as long as they were, and so do the angles at both of their ends.

        Args:
            turn: standard deviation of the angles, radians.
            generator: of the draws.
        """
        positions = self.positions.copy()
        for i, j, side in self.joints:
            angle = turn * generator.normal()
            axis = positions[j] - positions[i]
            positions[side] = positions[j] + _rotate(positions[side] - positions[j], axis, angle)
        return positions


def fractional_noise(
    frame: Frame,
    turn: float,
    tau: float,
    generator: np.random.Generator,
    fragments: Fragments | None = None,
) -> tuple[Frame, FloatArray]:
    """Return a noisy frame and the coordinate noise that is to be undone.

    Args:
        frame: a configuration.
        turn: standard deviation of the turns of fragments, radians; 0: none are turned.
        tau: standard deviation of each coordinate's noise, Å.
        generator: of the draws.
        fragments: of the frame, if already determined.

    Returns:
        The frame without labels, and [n, 3] Å, its last change.
    """
    positions = frame.positions
    if turn > 0:
        positions = (fragments or Fragments.of(frame)).turned(turn, generator)
    noise = tau * generator.normal(size=positions.shape)
    noisy = frame.replace(positions=positions + noise, energy=None, forces=None, stress=None)
    return noisy, noise


def find_bonds(frame: Frame) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return bonds [n_bonds, 2], each once, and their vectors [n_bonds, 3] Å, images included."""
    radii = covalent_radii[frame.numbers]
    reach = 2 * BOND_FACTOR * float(radii.max())
    edge_index, edge_vec = neighbor_list(frame.positions, frame.cell, frame.pbc, reach)
    lengths = np.linalg.norm(edge_vec, axis=1)
    limit = BOND_FACTOR * (radii[edge_index[0]] + radii[edge_index[1]])
    chosen = (lengths < limit) & (edge_index[0] < edge_index[1])
    return edge_index[:, chosen].T, edge_vec[chosen]


def bridges(n: int, bonds: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return bonds (i, j) whose removal separates i from j, with more than one atom on each side.

    A turn about a bond to a lone atom moves nothing.
    """
    bridging = []
    for number, (i, j) in enumerate(bonds.tolist()):
        rest = np.delete(bonds, number, axis=0)
        _, part = connected_components(_matrix(n, rest), directed=False)
        sizes = (part == part[i]).sum(), (part == part[j]).sum()
        if part[i] != part[j] and min(sizes) > 1:
            bridging.append((i, j) if sizes[1] <= sizes[0] else (j, i))
    return bridging


def _side_of(n: int, bonds: npt.NDArray[np.int64], i: int, j: int) -> npt.NDArray[np.bool_]:
    """Return the atoms on j's side of the bridge i-j, as a mask [n]."""
    joined = ((bonds == i).any(axis=1)) & ((bonds == j).any(axis=1))
    _, part = connected_components(_matrix(n, bonds[~joined]), directed=False)
    side: npt.NDArray[np.bool_] = part == part[j]
    return side


def _matrix(n: int, bonds: npt.NDArray[np.int64]) -> coo_matrix:
    return coo_matrix((np.ones(len(bonds)), (bonds[:, 0], bonds[:, 1])), shape=(n, n))


def _unwrapped(
    positions: FloatArray, bonds: npt.NDArray[np.int64], vectors: FloatArray
) -> FloatArray:
    """Return positions in which each molecule is whole, not cut by periodic boundaries."""
    whole = positions.copy()
    n = len(positions)
    graph = _matrix(n, bonds).tocsr()
    by_pair = {}
    for (i, j), vector in zip(bonds.tolist(), vectors, strict=True):
        by_pair[i, j], by_pair[j, i] = vector, -vector
    seen = np.zeros(n, dtype=bool)
    for start in range(n):
        if seen[start]:
            continue
        order, before = breadth_first_order(graph, start, directed=False)
        seen[order] = True
        for atom in order[1:]:
            whole[atom] = whole[before[atom]] + by_pair[before[atom], atom]
    return whole


def _rotate(vectors: FloatArray, axis: FloatArray, angle: float) -> FloatArray:
    """Rotate [n, 3] vectors about an axis (Rodrigues)."""
    unit = axis / np.linalg.norm(axis)
    along = np.outer(vectors @ unit, unit)
    turned = np.cos(angle) * (vectors - along) + np.sin(angle) * np.cross(unit, vectors)
    result: FloatArray = along + turned
    return result
