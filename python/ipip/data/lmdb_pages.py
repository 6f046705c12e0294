"""Checks that the pages of an LMDB file point into the file, before LMDB follows them.

LMDB maps the file into memory and trusts its pages, so one flipped bit in a page of the tree ends
  the process with a signal. Only pages of the tree are read here; the values have
  separate digests.

Source: `lib/mdb.c` of LMDB 0.9: MDB_page, MDB_node, MDB_meta (64-bit, little-endian).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ipip.storage.sealed import DamagedError

MAGIC = 0xBEEFC0DE
PAGE_HEADER = 16  # bytes; then the places of the nodes, 2 bytes each
NODE_HEADER = 8
BRANCH, LEAF, META = 0x01, 0x02, 0x08  # kinds of pages
KINDS = 0x6F  # all bits that define a kind; others concern writing to the disk
ELSEWHERE = 0x01  # a node whose value has separate pages
AT_ONCE = 8192  # pages, which bounds the memory of the check
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint64]


def require_sound_pages(path: Path) -> None:
    """Follow the tree of an LMDB file with one unnamed database.

    Raises:
        DamagedError: it is no such file, is truncated, or a page is not in LMDB's format or points
            outside the file.
    """
    size = path.stat().st_size
    if size < PAGE_HEADER + 136:
        raise DamagedError(f"cannot be read as LMDB, it has {size} bytes")
    data: Bytes = np.memmap(path, np.uint8, mode="r")
    width, root, last = _last_meta(data)
    if size < (last + 1) * width:
        raise DamagedError(f"is truncated, it has {size} bytes of {(last + 1) * width}")
    level, seen = np.array([root], dtype=np.uint64), np.zeros(last + 1, dtype=bool)
    while level.size:
        inside = (level >= 2) & (level <= last)
        if not inside.all():
            raise DamagedError(f"is damaged: its tree leads to page {level[~inside][0]}")
        numbers, times = np.unique(level.astype(np.int64), return_counts=True)
        twice = numbers[(times > 1) | seen[numbers]]
        if twice.size:
            raise DamagedError(f"is damaged: its tree leads to page {twice[0]} twice")
        seen[numbers] = True
        parts = [numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE)]
        level = np.concatenate([_below(data, part, width) for part in parts])


def _last_meta(data: Bytes) -> tuple[int, int, int]:
    """Return the bytes of a page, the root of the latest tree, and the last page."""
    width = _number(data, PAGE_HEADER + 24, 4)
    if width & (width - 1) or not 512 <= width <= 65536 or 2 * width > data.size:
        raise DamagedError("cannot be read as LMDB, its first page is wrong")
    found = []
    for start in (0, width):
        flags, magic = _number(data, start + 10, 2), _number(data, start + PAGE_HEADER, 4)
        if flags & KINDS != META or magic != MAGIC:
            raise DamagedError("cannot be read as LMDB, its first pages are wrong")
        root, last, written = (_number(data, start + at, 8) for at in (128, 136, 144))
        found.append((written, root, last))
    _, root, last = max(found)
    return width, root, last


def _below(data: Bytes, numbers: Integers, width: int) -> Unsigned:
    """Check pages of the tree; return the pages of the tree below them.

    Args:
        data: the file.
        numbers: [n] of the pages, which are in the file.
        width: bytes of a page.
    """
    start = numbers * width
    header = _gathered(data, start, PAGE_HEADER)
    kind, lower, upper = _words(header[:, 10:]).T
    kind &= KINDS
    sound = (kind == BRANCH) | (kind == LEAF)
    sound &= header[:, :8].copy().view("<u8")[:, 0] == numbers.astype(np.uint64)
    sound &= (lower > PAGE_HEADER) & (lower <= upper) & (upper <= width) & (lower % 2 == 0)
    _require(sound, numbers, "is no page of a tree")

    count = (lower - PAGE_HEADER) // 2  # nodes of each page
    page = np.repeat(np.arange(len(numbers)), count)  # of each node
    rank = np.arange(len(page)) - np.repeat(np.cumsum(count) - count, count)  # in its page
    place = _words(_gathered(data, start[page] + PAGE_HEADER + 2 * rank, 2))[:, 0]
    fits = (place >= upper[page]) & (place + NODE_HEADER <= width)
    _require(fits, numbers[page], "points outside itself")
    low, high, flags, key = _words(_gathered(data, start[page] + place, NODE_HEADER)).T
    value, begin, leaf = low | high << 16, place + NODE_HEADER + key, kind[page] == LEAF
    away = leaf & (flags == ELSEWHERE)
    end = begin + np.where(away, 8, np.where(leaf, value, 0))
    fits = (~leaf | away | (flags == 0)) & (end <= width)
    _require(fits, numbers[page], "points outside itself")

    first = _gathered(data, (start[page] + begin)[away], 8).view("<u8")[:, 0]
    fits = (first >= 2) & (first < data.size // width)
    _require(fits, numbers[page[away]], "points outside the file")
    end = first.astype(np.int64) * width + PAGE_HEADER + value[away]
    _require(end <= data.size, numbers[page[away]], "points outside the file")
    below: Unsigned = (value | flags << 32)[~leaf].astype(np.uint64)
    return below


def _require(fits: npt.NDArray[np.bool_], numbers: Integers, what: str) -> None:
    if not fits.all():
        raise DamagedError(f"is damaged: its page {numbers[~fits][0]} {what}")


def _gathered(data: Bytes, places: Integers, count: int) -> Bytes:
    """Return the bytes [n, count] from some offsets on."""
    return np.ascontiguousarray(data[places[:, None] + np.arange(count)])


def _words(data: Bytes) -> Integers:
    """Return bytes [n, 2 count] as numbers of two bytes [n, count]."""
    return np.ascontiguousarray(data).view("<u2").astype(np.int64)


def _number(data: Bytes, place: int, count: int) -> int:
    return int.from_bytes(data[place : place + count].tobytes(), "little")
