"""Which files a dump is, and what they say at their head."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ipip.errors import InputError
from ipip.lammps.dump_stream import head_of
from ipip.lammps.units import units_in_head


def is_dump(path: Path) -> bool:
    """Whether a file begins as a text dump of LAMMPS does."""
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
        InputError: there are none.
    """
    if path.is_file():
        return [path]
    if "*" not in path.name:
        raise InputError(f"dump {path} does not exist")
    # As in LAMMPS, `*` alone has a meaning: brackets and question marks of a name are themselves.
    pattern = re.compile(".*".join(map(re.escape, path.name.split("*"))), re.DOTALL)
    names = sorted(os.listdir(path.parent)) if path.parent.is_dir() else []
    found = [path.parent / name for name in names if pattern.fullmatch(name)]
    found = [file for file in found if file.is_file()]
    if not found:
        raise InputError(f"dump {path}: no file has such a name")
    return sorted(found, key=lambda file: ([int(n) for n in re.findall(r"\d+", file.name)], file))
