"""Digests of the bytes of a dump that a scan has read, which detect a replaced dump."""

from __future__ import annotations

from pathlib import Path

from ipip.errors import InputError
from ipip.lammps.dump_files import dump_files
from ipip.lammps.dump_frame import DumpPosition
from ipip.lammps.dump_stream import is_compressed
from ipip.lammps.supervision import digest_of

ScannedBytes = list[tuple[str, int, str]]


def scanned_bytes(path: Path, end: DumpPosition | None) -> ScannedBytes:
    """Return name, number of bytes and digest of each file, up to the end of a scan.

    This costs a small fraction of parsing: SHA-256 takes about 0.5 s/GB.

    Args:
        path: dump or pattern.
        end: of the scan.
    """
    if end is None:
        return []
    records = []
    for file in dump_files(path):
        last = file.name == end.file
        size = end.offset if last and not is_compressed(file) else file.stat().st_size
        records.append((file.name, size, digest_of(str(file), size)))
        if last:
            break
    return records


def starts_as_scanned(path: Path, records: ScannedBytes) -> bool:
    """Return whether a dump starts with the bytes that a scan has read; it may have grown since."""
    try:
        files = {file.name: file for file in dump_files(path)}
        return all(
            files[name].stat().st_size >= size and digest_of(str(files[name]), size) == digest
            for name, size, digest in records
        )
    except (InputError, OSError, KeyError):
        return False
