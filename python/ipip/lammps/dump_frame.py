"""One frame of a dump: its box, elements and positions from LAMMPS' columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers

from ipip.data.frame import FloatArray, IntArray
from ipip.errors import InputError

TEXT_COLUMNS = ("element", "typelabel")
POSITION_COLUMNS = (("xu", "yu", "zu"), ("x", "y", "z"), ("xsu", "ysu", "zsu"), ("xs", "ys", "zs"))
IMAGE_COLUMNS = ("ix", "iy", "iz")


@dataclasses.dataclass(frozen=True)
class DumpPosition:
    """A place in a dump.

    Attributes:
        file: name of the file (without its folder).
        offset: bytes of text before it; of a compressed file: after decompression.
    """

    file: str
    offset: int


@dataclasses.dataclass(frozen=True)
class DumpFrame:
    """One frame of a dump, as LAMMPS wrote it, atoms sorted by id where ids are there.

    Attributes:
        step: MD step.
        cell: [3, 3] rows are lattice vectors in Å; lower triangular unless general triclinic.
        origin: [3] lower corner of the box in Å.
        pbc: [3] periodic directions.
        numbers: [n] atomic numbers, or None where neither elements nor symbols are known.
        types: [n] LAMMPS types, or None.
        ids: [n] LAMMPS ids, ascending, or None.
        positions: [n, 3] in Å: unwrapped where the dump has them or image flags, else as stored.
        unwrapped: whether positions are unwrapped.
        forces: [n, 3] in eV/Å (metal), or None.
        columns: every numeric column that was asked for by name, [n] each.
        position: where the frame begins in the dump.
    """

    step: int
    cell: FloatArray
    origin: FloatArray
    pbc: npt.NDArray[np.bool_]
    numbers: IntArray | None
    types: IntArray | None
    ids: IntArray | None
    positions: FloatArray
    unwrapped: bool
    forces: FloatArray | None
    columns: dict[str, FloatArray]
    position: DumpPosition


def read_box(
    words: Sequence[str], bounds: FloatArray
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Return cell, origin and periodicity; a tilted box is stored by its bounding box and tilts.

    Source: LAMMPS manual, "Triclinic (non-orthogonal) simulation boxes".

    Args:
        words: behind "ITEM: BOX BOUNDS".
        bounds: [3, 2], [3, 3] with tilts or [3, 4] (vectors and origin), Å.

    Raises:
        InputError: four numbers a line without "abc".
    """
    flags = [word for word in words if len(word) == 2 and set(word) <= set("pfsm")]
    pbc = np.array([flag == "pp" for flag in flags] if len(flags) == 3 else [True] * 3)
    if "abc" in words and bounds.shape[1] == 4:
        return bounds[:, :3].copy(), bounds[:, 3].copy(), pbc
    if bounds.shape[1] == 4 or "abc" in words:
        raise InputError(f"box {' '.join(words)} with {bounds.shape[1]} numbers a line is unknown")
    low, high = bounds[:, 0].copy(), bounds[:, 1].copy()
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
    low[0] -= min(0.0, xy, xz, xy + xz)
    high[0] -= max(0.0, xy, xz, xy + xz)
    low[1] -= min(0.0, yz)
    high[1] -= max(0.0, yz)
    edges = high - low
    cell = np.array([[edges[0], 0.0, 0.0], [xy, edges[1], 0.0], [xz, yz, edges[2]]])
    return cell, low, pbc


def position_columns(names: Sequence[str]) -> tuple[str, str, str]:
    """Return the columns that positions are taken from: unwrapped ones where they are there.

    Raises:
        InputError: there are none.
    """
    for columns in POSITION_COLUMNS:
        if all(name in names for name in columns):
            return columns
    raise InputError(f"has no positions; columns: {', '.join(names)}")


def read_positions(
    columns: Mapping[str, FloatArray], cell: FloatArray, origin: FloatArray
) -> tuple[FloatArray, bool]:
    """Return positions [n, 3] in Å and whether they are unwrapped."""
    names = position_columns(list(columns))
    values = np.stack([columns[name] for name in names], axis=1)
    if "s" in names[0]:
        values = values @ cell + origin
    if names[0].endswith("u"):
        return values, True
    if all(name in columns for name in IMAGE_COLUMNS):
        return values + np.stack([columns[name] for name in IMAGE_COLUMNS], axis=1) @ cell, True
    return values, False


def read_numbers(
    types: IntArray | None,
    elements: tuple[npt.NDArray[np.int32], Sequence[str]] | None,
    symbols: Sequence[str] | None,
) -> IntArray | None:
    """Return atomic numbers [n], or None where they are not known.

    Symbols that are given come before the dump's elements: those are all "C" where the deck has no
    ``dump_modify element``.

    Args:
        types: [n] LAMMPS types, from 1.
        elements: [n] index into the list of names behind it.
        symbols: element of each type.

    Raises:
        InputError: a type without a symbol.
    """
    if symbols is not None and types is not None:
        if types.size and not 1 <= types.min() <= types.max() <= len(symbols):
            raise InputError(
                f"has type {types.max()}, but symbols has {len(symbols)}: {' '.join(symbols)}"
            )
        return np.array([atomic_numbers[symbol] for symbol in symbols], dtype=np.int64)[types - 1]
    if elements is not None:
        codes, names = elements
        known = [atomic_numbers.get(name, 0) for name in names]
        if all(known):
            return np.array(known, dtype=np.int64)[codes]
    return None
