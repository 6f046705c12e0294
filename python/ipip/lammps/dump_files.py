"""The files of a dump, and the units in their heads."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ipip.errors import InputError
from ipip.lammps.dump_stream import head_of
from ipip.lammps.units import units_in_head


def is_dump(path: Path) -> bool:
    """Return whether a file starts like a text dump of LAMMPS."""
    try:
        return head_of(path).startswith(b"ITEM: ")
    except InputError:  # compressed in another way, or damaged
        return False


def stated_units(path: Path) -> str | None:
    """Return the units that a dump states at its head, or None."""
    return units_in_head(head_of(dump_files(path)[0]))


def dump_files(path: Path) -> list[Path]:
    """Return the files of a dump, in the order of the numbers in their names.

    Raises:
        InputError: there is no such file.
    """
    if path.is_file():
        return [path]
    if "*" not in path.name:
        raise InputError(f"dump {path} does not exist")
    # As in LAMMPS, only `*` is a wildcard; brackets and question marks are literal.
    pattern = re.compile(".*".join(map(re.escape, path.name.split("*"))), re.DOTALL)
    names = sorted(os.listdir(path.parent)) if path.parent.is_dir() else []
    files = [path.parent / name for name in names if pattern.fullmatch(name)]
    files = [file for file in files if file.is_file()]
    if not files:
        raise InputError(f"dump {path}: no file has such a name")
    return sorted(files, key=lambda file: ([int(n) for n in re.findall(r"\d+", file.name)], file))
