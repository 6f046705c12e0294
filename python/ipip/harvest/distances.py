"""Minimum distances between elements: in one frame, and calibrated on the teacher's frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from ase.data import atomic_numbers, chemical_symbols, covalent_radii

from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.graph import neighbor_list

Pair = tuple[str, str]

# Shortest bond in hot MD, as a fraction of the sum of the covalent radii (Cordero 2008), if
# nothing better is known. A harmonic bond with rest length r0 and force constant k reaches about
# r0 - 4 sqrt(kT / k): at 2500 K Mo=O (1.70 Å, 50 eV/Å^2) 1.44 Å of 2.20 Å, N2 (1.10 Å, 143 eV/Å^2)
# 0.94 Å of 1.42 Å, so 0.65 and 0.67. SevenNet-0's MD of the Mo-S-O example at 1200 to 2500 K and
# its reference frames came down to 0.66 (Mo-O), 0.74 (Mo-S), 0.78 (S-S), 0.81 (Mo-Mo), 0.85 (O-S).
SHORTEST_BOND = 0.7
# A pair that came closer than this fraction of the sum was bonded in some frames.
BONDED = 0.9


@dataclasses.dataclass(frozen=True)
class DistanceCalibration:
    """Minimum distance of each pair of elements in a student's MD.

    Attributes:
        distances: sorted pair of symbols to bound in Å (already scaled).
        seen: smallest distance (Å) in the teacher's frames, of the pairs that came close.
        unseen: pairs that were never within the cutoff in the frames.
        capped: pairs whose bound comes from `SHORTEST_BOND` instead of the smallest distance: the
            unseen pairs, and pairs that were never as close as a bond. Short teacher MD has not
            formed every bond; a student that forms one is not unstable.
        factor: the scale.
    """

    distances: dict[Pair, float]
    seen: dict[Pair, float]
    unseen: list[Pair]
    capped: list[Pair]
    factor: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; pairs are written "Mo-S"."""
        return {
            "factor": self.factor,
            "distances": {"-".join(pair): value for pair, value in self.distances.items()},
            "seen": {"-".join(pair): value for pair, value in self.seen.items()},
            "unseen": ["-".join(pair) for pair in self.unseen],
            "capped": ["-".join(pair) for pair in self.capped],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DistanceCalibration:
        """Rebuild a calibration from :meth:`as_dict`."""
        return cls(
            distances={_pair(name): float(v) for name, v in plain["distances"].items()},
            seen={_pair(name): float(v) for name, v in plain["seen"].items()},
            unseen=[_pair(name) for name in plain["unseen"]],
            capped=[_pair(name) for name in plain["capped"]],
            factor=float(plain["factor"]),
        )


def min_pair_distances(frame: Frame, cutoff: float = 4.0) -> dict[Pair, float]:
    """Return the smallest distance (Å) of each pair of elements with periodic boundaries.

    Args:
        frame: positions in Å; must be finite.
        cutoff: Å; pairs that are never closer are not in the result.

    Returns:
        Sorted pair of symbols to Å. Images of one atom count as a pair.
    """
    (receivers, senders), vectors = neighbor_list(
        frame.positions, frame.cell, frame.pbc, cutoff, overlaps=True
    )
    lengths = np.sqrt((vectors**2).sum(axis=1))
    low = np.minimum(frame.numbers[receivers], frame.numbers[senders])
    high = np.maximum(frame.numbers[receivers], frame.numbers[senders])
    keys = low * 1000 + high
    smallest: dict[Pair, float] = {}
    for key in np.unique(keys):
        a, b = chemical_symbols[key // 1000], chemical_symbols[key % 1000]
        smallest[(min(a, b), max(a, b))] = float(lengths[keys == key].min())
    return smallest


def calibrate_min_distances(
    frames: Iterable[Frame],
    symbols: Sequence[str],
    factor: float = 0.8,
    cutoff: float = 4.0,
    *,
    hot: bool = True,
) -> DistanceCalibration:
    """Calibrate the minimum distances of a student's MD on the teacher's frames.

    The bound of a pair is `factor` times its smallest distance if the pair was bonded in hot MD;
    else `factor` times `SHORTEST_BOND` times the sum of covalent radii (0.56 of the sum by
    default): a new bond may form, and be as short as a hot bond.

    Args:
        frames: the teacher's MD (Å).
        symbols: elements of the system.
        factor: the scale.
        cutoff: Å; see :func:`min_pair_distances`.
        hot: whether the frames are from MD as hot as the student's. If not, only distances shorter
            than a hot bond count.

    Raises:
        InputError: an unknown element, or a factor that is not above 0.
    """
    unknown = [symbol for symbol in symbols if symbol not in atomic_numbers]
    if unknown or not factor > 0:
        raise InputError(
            f"symbols {list(symbols)} and factor {factor}: expected elements and a factor above 0"
        )
    seen: dict[Pair, float] = {}
    for frame in frames:
        for pair, distance in min_pair_distances(frame, cutoff).items():
            seen[pair] = min(distance, seen.get(pair, np.inf))
    distances: dict[Pair, float] = {}
    unseen: list[Pair] = []
    capped: list[Pair] = []
    for pair in combinations_with_replacement(sorted(symbols), 2):
        radii = float(sum(covalent_radii[atomic_numbers[symbol]] for symbol in pair))
        smallest = seen.get(pair, np.inf)
        if pair not in seen:
            unseen.append(pair)
        if smallest > (BONDED if hot else SHORTEST_BOND) * radii:
            capped.append(pair)
            smallest = SHORTEST_BOND * radii
        distances[pair] = factor * smallest
    return DistanceCalibration(distances, seen, unseen, capped, factor)


def _pair(name: str) -> Pair:
    first, _, second = name.partition("-")
    return (first, second)
