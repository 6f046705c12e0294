"""Which bytes of a dump a scan has seen, so that a dump that was replaced is not taken for it."""

from __future__ import annotations

from pathlib import Path

from ipip.errors import InputError
from ipip.lammps.dump_files import dump_files
from ipip.lammps.dump_frame import DumpPosition
from ipip.lammps.dump_stream import is_compressed
from ipip.lammps.supervision import digest_of

Seen = list[tuple[str, int, str]]


def seen_bytes(path: Path, end: DumpPosition | None) -> Seen:
    """Return name, number of bytes and their digest of each file up to where a scan ended.

    Reading them costs a small part of what parsing them did: SHA-256 takes about 0.5 s/GB.

    Args:
        path: dump or pattern.
        end: of the scan.
    """
    if end is None:
        return []
    seen = []
    for file in dump_files(path):
        last = file.name == end.file
        size = end.offset if last and not is_compressed(file) else file.stat().st_size
        seen.append((file.name, size, digest_of(str(file), size)))
        if last:
            break
    return seen


def is_still_there(path: Path, seen: Seen) -> bool:
    """Whether a dump begins with the bytes that a scan saw; it may have grown since."""
    try:
        files = {file.name: file for file in dump_files(path)}
        return all(
            files[name].stat().st_size >= size and digest_of(str(files[name]), size) == digest
            for name, size, digest in seen
        )
    except (InputError, OSError, KeyError):
        return False
