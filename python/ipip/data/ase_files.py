"""ASE's readers of structure files, with literal paths.

ASE interprets text after an `@` in a name as an index, `-` as standard input, and a name that
  starts with `postgres` as the address of a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ase.io
from ase import Atoms


def iterate_atoms(path: Path, format: str | None = None) -> Iterator[Atoms]:
    """Yield every configuration of a file, as `ase.io.iread`.

    Args:
        path: of the file; its name may have any characters.
        format: ASE's name of the format; None: ASE guesses.
    """
    return ase.io.iread(
        str(path.absolute()), index=":", format=format, do_not_split_by_at_sign=True
    )


def read_last(path: Path, format: str | None = None) -> Atoms:
    """Return the last configuration of a file, as `ase.io.read`."""
    last = ase.io.read(str(path.absolute()), index=-1, format=format, do_not_split_by_at_sign=True)
    return last if isinstance(last, Atoms) else last[-1]
