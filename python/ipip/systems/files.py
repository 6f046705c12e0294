"""Reading a structure file with a clear message when that fails."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from ase import Atoms

from ipip.data.ase_files import read_last
from ipip.errors import InputError


def read_structure(path: Path) -> Atoms:
    """Read the last configuration of a structure file (any format that ASE knows).

    Raises:
        InputError: no such file, not a structure, no atoms, or positions that are not finite.
    """
    path = Path(os.path.expanduser(path))
    if not path.is_file():
        raise InputError(f"structure file {path} does not exist")
    try:
        atoms = read_last(path)
    except Exception as error:  # each of ASE's readers raises its own kinds
        text = f"{type(error).__name__}: {error}"
        raise InputError(f"structure file {path} cannot be read ({text})") from error
    if len(atoms) == 0:
        raise InputError(f"structure file {path} has no atoms")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise InputError(f"structure file {path} has positions or a cell that are not finite")
    return atoms
