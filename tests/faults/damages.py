"""Six ways to damage one file of a folder, as disks, copies and mixed-up files do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

SECTOR = 512  # bytes, of a disk


def remove(path: Path, _folder: Path) -> None:
    path.unlink()


def empty(path: Path, _folder: Path) -> None:
    path.write_bytes(b"")


def cut_off(path: Path, _folder: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def flip_one_bit(path: Path, _folder: Path) -> None:
    """Turn over one bit in the middle; size and times stay."""
    data = bytearray(path.read_bytes())
    if data:
        data[len(data) // 2] ^= 1
    _write_unnoticed(path, bytes(data))


def zero_a_sector(path: Path, _folder: Path) -> None:
    """Fill a sector around the middle, or a third of a small file, with zeros; as above."""
    data = bytearray(path.read_bytes())
    width = min(SECTOR, len(data) // 3)
    start = (len(data) - width) // 2
    data[start : start + width] = bytes(width)
    _write_unnoticed(path, bytes(data))


def put_another_in_its_place(path: Path, folder: Path) -> None:
    """Copy a whole file of the same kind over it: of another round, run or seed where there is one.

    Where there is none of that name, one of the same suffix is used.
    """
    here = path.read_bytes()
    for pattern in (path.name, f"*{path.suffix}" if path.suffix else path.name):
        for other in sorted(folder.rglob(pattern)):
            if other != path and other.is_file() and not other.is_symlink():
                data = other.read_bytes()
                if data and data != here:
                    path.write_bytes(data)
                    shutil.copystat(other, path)
                    return


ANOTHER = "another file"
DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "removed": remove,
    "emptied": empty,
    "cut in half": cut_off,
    "one bit": flip_one_bit,
    "a sector of zeros": zero_a_sector,
    ANOTHER: put_another_in_its_place,
}


def damage(path: Path, folder: Path, way: str) -> bytes | None:
    """Damage a file.

    Args:
        path: the file; of a link only the link is damaged.
        folder: folder to search for another file of its kind.
        way: one of DAMAGES.

    Returns:
        Whether anything is different now: the damaged content (empty where it is removed), or None
        where this way does not change such a file.
    """
    if path.is_symlink():
        if way not in ("removed", ANOTHER):
            return None
        path.unlink()
        if way == ANOTHER:
            path.symlink_to("nowhere")
        return b""
    before = path.read_bytes()
    DAMAGES[way](path, folder)
    if not path.exists():
        return b""
    after = path.read_bytes()
    return None if after == before else after


def _write_unnoticed(path: Path, data: bytes) -> None:
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
