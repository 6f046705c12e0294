"""Checks that the pages of an LMDB file point into the file, before LMDB follows them.

LMDB maps the file into the memory and believes what its pages say, so one flipped bit in a page of
the tree ends the process with a signal. Only pages of the tree are read here; what it holds has
digests of its own.

Source: `lib/mdb.c` of LMDB 0.9: MDB_page, MDB_node, MDB_meta (64-bit, little-endian).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ipip.sealed import DamagedError

MAGIC = 0xBEEFC0DE
PAGE_HEADER = 16  # bytes; then the places of the nodes, 2 bytes each
NODE_HEADER = 8
BRANCH, LEAF, META = 0x01, 0x02, 0x08  # kinds of pages
KINDS = 0x6F  # all bits that say a kind; others are of a page's way to the disk
ELSEWHERE = 0x01  # a node whose value has pages of its own
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Places = np.ndarray[Any, np.dtype[np.int64]]


def require_sound_pages(path: Path) -> None:
    """Follow the tree of an LMDB file with one unnamed database.

    Raises:
        DamagedError: it is no such file, is cut off, or a page is not what LMDB writes or points
            out of the file.
    """
    size = path.stat().st_size
    if size < PAGE_HEADER + 136:
        raise DamagedError(f"cannot be read as LMDB, it has {size} bytes")
    data: Bytes = np.memmap(path, np.uint8, mode="r")
    width, root, last = _last_meta(data)
    if size < (last + 1) * width:
        raise DamagedError(f"is cut off, it has {size} bytes of {(last + 1) * width}")
    waiting, seen = [root], set[int]()
    while waiting:
        number = waiting.pop()
        if not 2 <= number <= last or number in seen:
            raise DamagedError(f"is damaged: its tree leads to page {number} of {last + 1}")
        seen.add(number)
        page = data[number * width : (number + 1) * width]
        waiting += _below(page, number, size)


def _last_meta(data: Bytes) -> tuple[int, int, int]:
    """Return the bytes of a page, the root of the tree that was written last, the last page."""
    width = _number(data, PAGE_HEADER + 24, 4)
    if width & (width - 1) or not 512 <= width <= 65536 or 2 * width > data.size:
        raise DamagedError("cannot be read as LMDB, its first page is another's")
    found = []
    for start in (0, width):
        flags, magic = _number(data, start + 10, 2), _number(data, start + PAGE_HEADER, 4)
        if flags & KINDS != META or magic != MAGIC:
            raise DamagedError("cannot be read as LMDB, its first pages are not those it writes")
        root, last, written = (_number(data, start + at, 8) for at in (128, 136, 144))
        found.append((written, root, last))
    _, root, last = max(found)
    return width, root, last


def _below(page: Bytes, number: int, size: int) -> Iterator[int]:
    """Check a page of the tree; yield the pages of the tree below it."""
    kind, lower, upper = (_number(page, at, 2) for at in (10, 12, 14))
    sound = kind & KINDS in (BRANCH, LEAF) and _number(page, 0, 8) == number
    if not (sound and PAGE_HEADER < lower <= upper <= page.size and lower % 2 == 0):
        raise DamagedError(f"is damaged: its page {number} is no page of a tree")
    places: Places = page[PAGE_HEADER:lower].view("<u2").astype(np.int64)
    if places.min() < upper or places.max() + NODE_HEADER > page.size:
        raise DamagedError(f"is damaged: its page {number} points out of itself")
    nodes: Places = _gathered(page, places, NODE_HEADER).view("<u2").astype(np.int64)
    low, high, flags, key = (nodes[:, column] for column in range(4))
    value = low | high << 16
    begin = places + NODE_HEADER + key
    if kind & LEAF:
        away = flags == ELSEWHERE
        end = begin + np.where(away, 8, value)
        if not (away | (flags == 0)).all() or end.max() > page.size:
            raise DamagedError(f"is damaged: its page {number} points out of itself")
        pages = _gathered(page, begin[away], 8).view("<u8")[:, 0]
        most = size // page.size
        if (pages < 2).any() or (pages >= most).any():
            raise DamagedError(f"is damaged: its page {number} points out of the file")
        ends = pages.astype(np.int64) * page.size + PAGE_HEADER + value[away]
        if (ends > size).any():
            raise DamagedError(f"is damaged: its page {number} points out of the file")
        return
    if begin.max() > page.size:
        raise DamagedError(f"is damaged: its page {number} points out of itself")
    yield from (value | flags << 32).tolist()


def _gathered(page: Bytes, places: Places, count: int) -> Bytes:
    """Return the bytes [n, count] that begin at some places."""
    return np.ascontiguousarray(page[places[:, None] + np.arange(count)])


def _number(data: Bytes, place: int, count: int) -> int:
    return int.from_bytes(data[place : place + count].tobytes(), "little")
