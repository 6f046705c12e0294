"""Duplicate frames, in one part of a data set or across its parts."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipip.data.frame import Frame

GRID = 1e-3  # Å, to which positions and cells are rounded
SAME_ENERGY = 1e-3  # eV per atom


@dataclasses.dataclass(frozen=True)
class Duplicates:
    """Duplicate frames and structures.

    Attributes:
        repeated: frames of each part that repeat an earlier one of the same part, by part.
        shared: frames of two parts with the same structure, by `part/part`.
        conflicting: pairs among these whose energies differ by more than 1 meV per atom.
        examples: some of the pairs, as (part, frame, part, frame).
    """

    repeated: dict[str, int]
    shared: dict[str, int]
    conflicting: int
    examples: list[tuple[str, int, str, int]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)


def find_duplicates(parts: Mapping[str, Sequence[Frame]], examples: int = 5) -> Duplicates:
    """Find frames with the same structure.

    The same means: the same elements in the same order at the same positions relative to the first
    atom, in the same cell, all rounded to 0.001 Å. Copies and overlapping trajectories are
    detected; structures that differ by a rotation, an order of atoms or a wrapping are not.

    Args:
        parts: frames by the name of their part (`train`, `valid`, `test`).
        examples: number of pairs to name.
    """
    first: dict[bytes, tuple[str, int, float | None]] = {}
    repeated = dict.fromkeys(parts, 0)
    shared: dict[str, int] = {}
    conflicting = 0
    named: list[tuple[str, int, str, int]] = []
    for part, frames in parts.items():
        for index, frame in enumerate(frames):
            energy = None if frame.energy is None else frame.energy / len(frame)
            there, at, other = first.setdefault(structure_key(frame), (part, index, energy))
            if (there, at) == (part, index):
                continue
            if there == part:
                repeated[part] += 1
            else:
                pair = f"{there}/{part}"
                shared[pair] = shared.get(pair, 0) + 1
            if energy is not None and other is not None and abs(energy - other) > SAME_ENERGY:
                conflicting += 1
            if len(named) < examples:
                named.append((there, at, part, index))
    return Duplicates(repeated, shared, conflicting, named)


def structure_key(frame: Frame) -> bytes:
    """Return a short key that equal structures share."""
    digest = hashlib.blake2b(digest_size=16)
    relative = frame.positions - frame.positions[:1]
    for values in (frame.numbers, frame.pbc, relative / GRID, frame.cell / GRID):
        digest.update(np.rint(values).astype(np.int64).tobytes())
    return digest.digest()
