"""Bonds between atoms by distance, with hysteresis, from one frame to the next."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers, covalent_radii

from ipip.config.species import SpeciesSettings
from ipip.data.frame import FloatArray, IntArray
from ipip.errors import InputError
from ipip.graph.neighbors import NeighborList

NONMETALS = frozenset(
    "H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn".split()  # noqa: SIM905
)
MAX_SEARCH_RADIUS = 10.0  # Å


@dataclasses.dataclass(frozen=True)
class BondDistances:
    """Distances at which bonds form and break.

    Attributes:
        symbols: elements, in the order of the rows.
        forms: [k, k] Å, symmetric: a bond forms when two atoms come closer.
        breaks: [k, k] Å: a bond breaks when they are farther apart.
    """

    symbols: tuple[str, ...]
    forms: FloatArray
    breaks: FloatArray

    def rows(self) -> list[tuple[str, float, float]]:
        """Return (pair, forms below, breaks above) of each pair."""
        pairs = combinations_with_replacement(range(len(self.symbols)), 2)
        return [
            (f"{self.symbols[a]}-{self.symbols[b]}", self.forms[a, b], self.breaks[a, b])
            for a, b in pairs
        ]


def bond_distances(symbols: Sequence[str], settings: SpeciesSettings) -> BondDistances:
    """Return the bond distances of all pairs of the elements `symbols`.

    Defaults are form_factor and break_factor times the sum of the covalent radii (Cordero et al.,
    Dalton Trans. 2008, 2832, as in ASE). Two metals have no bond unless the settings define one:
    metal atoms in an oxide ring are nearly as close as in the metal.

    Raises:
        InputError: an unknown element.
    """
    unknown = [symbol for symbol in symbols if atomic_numbers.get(symbol, 0) == 0]
    if unknown:
        raise InputError(f"{', '.join(unknown)}: not an element")
    size = len(symbols)
    forms, breaks = np.zeros((size, size)), np.zeros((size, size))
    given = {frozenset(pair.split("-")): distances for pair, distances in settings.bonds.items()}
    for pair in settings.bonds:
        wrong = [symbol for symbol in pair.split("-") if symbol not in atomic_numbers]
        if wrong:
            raise InputError(f"bonds: {pair}: {wrong[0]} is not an element")
    for a, b in combinations_with_replacement(range(size), 2):
        first, second = symbols[a], symbols[b]
        total = float(covalent_radii[[atomic_numbers[first], atomic_numbers[second]]].sum())
        values = (settings.form_factor * total, settings.break_factor * total)
        if not settings.metal_bonds and not {first, second} & NONMETALS:
            values = (0.0, 0.0)
        values = given.get(frozenset((first, second)), values)
        forms[a, b] = forms[b, a] = values[0]
        breaks[a, b] = breaks[b, a] = values[1]
    return BondDistances(tuple(symbols), forms, breaks)


class BondTracker:
    """The bonds of a moving system: a state that each frame updates.

    A new bond needs a distance below ``forms``; an existing bond stays until its distance is above
    ``breaks``. So a pair that vibrates between the two causes no events.

    Args:
        kinds: [n] index of each atom's element in the distances' symbols.
        distances: of the elements.

    Attributes:
        keys: [m] bonds as i·n + j with i < j, ascending.
        born: [m] step at which each bond formed.
    """

    def __init__(self, kinds: IntArray, distances: BondDistances) -> None:
        self.kinds = kinds
        self.n_atoms = len(kinds)
        self.keys: IntArray = np.zeros(0, dtype=np.int64)
        self.born: IntArray = np.zeros(0, dtype=np.int64)
        self._distances = distances
        present = np.unique(kinds)
        self._cutoff = float(distances.breaks[np.ix_(present, present)].max(initial=0.0))
        self._search: tuple[float, NeighborList] | None = None

    def update(
        self, step: int, positions: FloatArray, cell: FloatArray, pbc: npt.NDArray[np.bool_]
    ) -> tuple[IntArray, IntArray]:
        """Update the bonds with a frame.

        Args:
            step: of the frame.
            positions: [n, 3] Å, wrapped or not; must be finite.
            cell: [3, 3] rows are lattice vectors, Å.
            pbc: [3] periodic directions.

        Returns:
            Keys of the bonds that formed, and of those that broke, since the last frame.
        """
        near, formed_now = self._pairs(positions, cell, pbc)
        stays = np.isin(self.keys, near, assume_unique=True)
        broken = self.keys[~stays]
        formed = np.setdiff1d(formed_now, self.keys, assume_unique=True)
        if len(broken) or len(formed):
            keys = np.concatenate([self.keys[stays], formed])
            born = np.concatenate([self.born[stays], np.full(len(formed), step)])
            order = np.argsort(keys, kind="stable")
            self.keys, self.born = keys[order], born[order]
        return formed, broken

    def _pairs(
        self, positions: FloatArray, cell: FloatArray, pbc: npt.NDArray[np.bool_]
    ) -> tuple[IntArray, IntArray]:
        """Return keys of pairs within ``breaks``, and within ``forms``; ascending and unique."""
        if self._cutoff == 0.0 or self.n_atoms < 2:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty
        radius = self._radius(cell)
        if self._search is None or abs(self._search[0] - radius) > 0.1 * radius:
            # One list for all frames, which reuses its buffers.
            options = {"full_list": False, "sorted": False, "n_threads": 1}
            self._search = radius, NeighborList(cutoff=radius, **options)
        i, j, d = self._search[1].compute(
            points=np.ascontiguousarray(positions),
            box=np.ascontiguousarray(cell),
            periodic=pbc.tolist(),
            quantities="ijd",
        )
        close = np.flatnonzero((d <= self._cutoff) & (i != j))
        i, j, d = i[close].astype(np.int64), j[close].astype(np.int64), d[close]
        keys = np.minimum(i, j) * self.n_atoms + np.maximum(i, j)
        kinds = self.kinds[i], self.kinds[j]
        near = np.unique(keys[d <= self._distances.breaks[kinds]])
        return near, np.unique(keys[d < self._distances.forms[kinds]])

    def _radius(self, cell: FloatArray) -> float:
        """Return a search radius with about two atoms in its cube; finer cells cost more."""
        spacing = (2.0 * abs(float(np.linalg.det(cell))) / self.n_atoms) ** (1.0 / 3.0)
        return max(1.05 * self._cutoff, min(spacing, MAX_SEARCH_RADIUS))
