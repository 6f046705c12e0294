"""Molecules as connected components of the bonds, and their formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ipip.data.frame import IntArray


def components(n_atoms: int, keys: IntArray) -> IntArray:
    """Return the component of each atom, [n], numbered from 0.

    Args:
        n_atoms: number of atoms.
        keys: [m] bonds as i·n + j.
    """
    i, j = np.divmod(keys, n_atoms)
    graph = coo_array((np.ones(len(keys), dtype=np.int8), (i, j)), shape=(n_atoms, n_atoms))
    _, labels = connected_components(graph.tocsr(), directed=False)
    return labels.astype(np.int64)


def formula(symbols: Sequence[str], counts: Sequence[int]) -> str:
    """Return the formula of symbols with their counts, in Hill's order.

    C and H come first if there is C; all others in alphabetical order.

    Hill, J. Am. Chem. Soc. 22, 478 (1900).
    """
    present = {symbol: int(count) for symbol, count in zip(symbols, counts, strict=True) if count}
    first = [symbol for symbol in ("C", "H") if "C" in present and symbol in present]
    order = first + sorted(set(present) - set(first))
    return "".join(f"{symbol}{present[symbol] if present[symbol] > 1 else ''}" for symbol in order)


def formula_counts(text: str) -> dict[str, int]:
    """Return the number of atoms of each element in a formula."""
    counts: dict[str, int] = {}
    for symbol, count in re.findall(r"([A-Z][a-z]?)(\d*)", text):
        counts[symbol] = counts.get(symbol, 0) + int(count or 1)
    return counts


class Molecules:
    """The molecules of a system from frame to frame; each keeps its number while its atoms stay.

    Args:
        symbols: elements.
        kinds: [n] index of each atom's element in the symbols.

    Attributes:
        of_atom: [n] number of the molecule of each atom.
        formulas: of each living molecule, by its number.
    """

    def __init__(self, symbols: Sequence[str], kinds: IntArray) -> None:
        self.symbols = tuple(symbols)
        self.kinds = kinds
        self.of_atom: IntArray = np.full(len(kinds), -1, dtype=np.int64)
        self.formulas: dict[int, str] = {}
        self._next = 0
        self._formula_cache: dict[bytes, str] = {}

    def update(self, keys: IntArray) -> list[tuple[list[int], list[int]]]:
        """Update the molecules with the bonds of a frame.

        Args:
            keys: [m] bonds as i·n + j.

        Returns:
            Groups of molecules that exchanged atoms: (numbers of ended ones, numbers of new ones).
            In the first frame a single group without ended ones.
        """
        labels = components(len(self.kinds), keys)
        fresh = self.of_atom[0] < 0 if len(self.of_atom) else False
        # Pairs (old molecule, component) that share atoms; a pair without other partners on both
        # sides is unchanged.
        size = int(labels.max(initial=-1)) + 1
        _, first = np.unique(self.of_atom * size + labels, return_index=True)
        old, new = self.of_atom[first], labels[first]
        lone_old = np.isin(old, _single(old))
        lone_new = np.isin(new, _single(new))
        same = lone_old & lone_new & (not fresh)
        numbers = np.empty(size, dtype=np.int64)
        numbers[new[same]] = old[same]
        changed = np.flatnonzero(~same)
        made = np.unique(new[changed])
        numbers[made] = self._next + np.arange(len(made))
        self._next += len(made)
        self._name(made, numbers, labels)
        groups = _groups(old[changed], numbers[new[changed]], fresh)
        self.of_atom = numbers[labels]
        return groups

    def forget(self, numbers: Sequence[int]) -> None:
        """Drop the formulas of molecules that ended."""
        for number in numbers:
            self.formulas.pop(number, None)

    def _name(self, made: IntArray, numbers: IntArray, labels: IntArray) -> None:
        """Store the formula of each new component."""
        if len(made) == 0:
            return
        place = np.full(len(numbers), -1, dtype=np.int64)
        place[made] = np.arange(len(made))
        atoms = np.flatnonzero(place[labels] >= 0)
        width = len(self.symbols)
        cells = place[labels[atoms]] * width + self.kinds[atoms]
        counts = np.bincount(cells, minlength=len(made) * width).reshape(-1, width)
        for number, row in zip(numbers[made].tolist(), counts, strict=True):
            key = row.tobytes()
            if key not in self._formula_cache:
                self._formula_cache[key] = formula(self.symbols, row.tolist())
            self.formulas[number] = self._formula_cache[key]


def _single(values: IntArray) -> IntArray:
    """Return the values that occur once."""
    unique, counts = np.unique(values, return_counts=True)
    return unique[counts == 1]


def _groups(old: IntArray, new: IntArray, fresh: bool) -> list[tuple[list[int], list[int]]]:
    """Return connected groups of old and new molecules."""
    if len(new) == 0:
        return []
    if fresh:
        return [([], sorted(set(new.tolist())))]
    olds, i = np.unique(old, return_inverse=True)
    news, j = np.unique(new, return_inverse=True)
    size = len(olds) + len(news)
    graph = coo_array((np.ones(len(i), dtype=np.int8), (i, len(olds) + j)), shape=(size, size))
    count, labels = connected_components(graph.tocsr(), directed=False)
    groups: list[tuple[list[int], list[int]]] = [([], []) for _ in range(count)]
    for number, label in zip(olds.tolist(), labels[: len(olds)].tolist(), strict=True):
        groups[label][0].append(number)
    for number, label in zip(news.tolist(), labels[len(olds) :].tolist(), strict=True):
        groups[label][1].append(number)
    return groups
