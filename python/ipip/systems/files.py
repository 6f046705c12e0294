"""Reading of structure files, with clear errors."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from ase import Atoms

from ipip.data.ase_files import read_last
from ipip.errors import InputError
from ipip.graph.neighbors import check_apart
from ipip.lammps.dump import read_dump
from ipip.lammps.dump_files import is_dump

FLAT = 1e-8  # Å^3, of a cell


def read_structure(path: Path) -> Atoms:
    """Read the last configuration of a structure file: any format of ASE, or a LAMMPS dump.

    Raises:
        InputError: no such file, not a structure, no atoms, positions that are not finite, or two
            atoms at the same place, which would look like a failure of the student.
    """
    path = Path(os.path.expanduser(path))
    if not path.is_file():
        raise InputError(f"structure file {path} does not exist")
    if is_dump(path):
        return _checked(_last_of_dump(path), path)
    try:
        atoms = read_last(path)
    except Exception as error:  # ASE's readers raise different kinds
        text = f"{type(error).__name__}: {error}"
        raise InputError(f"structure file {path} cannot be read ({text})") from error
    return _checked(atoms, path)


def _checked(atoms: Atoms, path: Path) -> Atoms:
    if len(atoms) == 0:
        raise InputError(f"structure file {path} has no atoms")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise InputError(f"structure file {path} has positions or a cell that are not finite")
    flat = abs(float(np.linalg.det(atoms.cell.array))) < FLAT  # refused on use
    try:
        check_apart(atoms.positions, atoms.cell.array, atoms.pbc & (not flat))
    except InputError as error:
        raise InputError(f"structure file {path}: {error}") from None
    return atoms


def _last_of_dump(path: Path) -> Atoms:
    """Return the last frame of a LAMMPS dump, whose types and units ASE misreads."""
    last = None
    for frame in read_dump(path, columns=()):
        last = frame
    if last is None:
        raise InputError(f"structure file {path} is a dump without a complete frame")
    if last.numbers is None:
        raise InputError(
            f"structure file {path} is a dump with unknown elements: write an `element` "
            "column with `dump_modify element`, or give another kind of file"
        )
    return Atoms(
        numbers=last.numbers,
        positions=last.positions - last.origin,
        cell=last.cell,
        pbc=last.pbc,
    )
