"""Trajectories of CP2K's MD: ``NAME-pos-1.xyz`` with its companion files.

Positions (Å) and energies (hartree) are in ``NAME-pos-1.xyz``, forces (hartree/bohr) in
``NAME-frc-1.xyz``, cells (Å) in ``NAME-1.cell``, stresses (bar, positive under compression) in
``NAME-1.stress``. The last two have one line a step, which starts with the step.

Source: CP2K's manual, MOTION/PRINT (TRAJECTORY, FORCES, CELL, STRESS), with its default units.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ase import Atoms, units

from ipip.data.labels import Remarks
from ipip.data.parsed import ParsedFrame
from ipip.data.provenance import Provenance
from ipip.errors import InputError

FloatArray = npt.NDArray[np.float64]
POSITIONS = re.compile(r"^(?P<name>.+)-pos-(?P<part>\d+)\.xyz$")
_COMMENT = re.compile(r"^\s*i\s*=\s*(\d+)\s*,.*\bE\s*=\s*(\S+)\s*$")
FORCE = units.Hartree / units.Bohr


def is_cp2k_trajectory(path: Path) -> bool:
    """Return whether a file is a CP2K trajectory of positions, by its name and first comment."""
    if POSITIONS.match(path.name) is None:
        return False
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().strip().isdigit() and bool(_COMMENT.match(file.readline()))
    except (OSError, UnicodeDecodeError):
        return False


def iterate_cp2k(
    path: Path, remarks: Remarks, cell: FloatArray | None = None
) -> Iterator[ParsedFrame]:
    """Yield the frames of a trajectory that have forces, in eV and Å.

    Args:
        path: ``NAME-pos-1.xyz``.
        remarks: receives what was read and what was discarded.
        cell: [3, 3] Å, if there is no ``NAME-1.cell``; zeros: not periodic.

    Raises:
        InputError: no forces, no cell, or files that do not belong together.
    """
    match = POSITIONS.match(path.name)
    assert match is not None
    beside = {
        "forces": path.with_name(f"{match['name']}-frc-{match['part']}.xyz"),
        "cells": path.with_name(f"{match['name']}-{match['part']}.cell"),
        "stresses": path.with_name(f"{match['name']}-{match['part']}.stress"),
    }
    if not beside["forces"].is_file():
        raise InputError(
            f"{path}: its forces are missing ({beside['forces'].name}); print them with "
            "MOTION/PRINT/FORCES, or keep both files in one folder"
        )
    cells = _by_step(beside["cells"])
    if not cells and cell is None:
        raise InputError(
            f"{path}: its cells are missing ({beside['cells'].name}); give --cell with the three "
            "edges or the nine numbers of the cell's vectors in Å, or --cell none for a molecule"
        )
    stresses = _by_step(beside["stresses"])
    by_step = {step: (numbers, forces) for step, _, numbers, forces in _frames(beside["forces"])}
    bare = 0
    for step, energy, symbols, positions in _frames(path):
        if step not in by_step or (cells and step not in cells):
            bare += 1
            continue
        same, forces = by_step[step]
        if same != symbols:
            raise InputError(f"{path}: step {step} has other atoms than {beside['forces'].name}")
        own = cells[step][:9].reshape(3, 3) if cells else np.asarray(cell)
        atoms = Atoms(symbols, positions=positions, cell=own, pbc=bool(own.any()))
        place = Provenance(md_step=step).as_info()
        per_frame = {"source": str(path), **place, "energy": energy * units.Hartree}
        if step in stresses:
            per_frame["stress"] = -stresses[step][:9].reshape(3, 3) * units.bar
        yield ParsedFrame(atoms, per_frame, {"forces": forces * FORCE})
    remarks.others.append(
        f"read as a CP2K trajectory: hartree, hartree/bohr ({beside['forces'].name}) and bar "
        "converted to eV and Å; whether the electronic structure converged is not checked"
    )
    if bare:
        remarks.others.append(f"{bare} frames have no forces or no cell of their step: not read")


def _frames(path: Path) -> Iterator[tuple[int, float, list[str], FloatArray]]:
    """Yield step, energy, symbols and the three numbers of each atom."""
    with path.open(encoding="utf-8") as file:
        number = 0
        while header := file.readline():
            if not header.strip():
                continue
            comment = _COMMENT.match(file.readline())
            if comment is None or not header.strip().isdigit():
                raise InputError(f"{path}: frame {number} is not in CP2K's format")
            rows = [file.readline().split() for _ in range(int(header))]
            if any(len(row) != 4 for row in rows):
                raise InputError(f"{path}: frame {number} (step {comment[1]}) is truncated")
            try:
                values = np.array([row[1:] for row in rows], dtype=np.float64)
                energy = float(comment[2])
            except ValueError as error:
                raise InputError(f"{path}: frame {number}: {error}") from None
            # A number marks the kinds of an element: O1, Fe2.
            yield int(comment[1]), energy, [re.sub(r"[\d_].*", "", row[0]) for row in rows], values
            number += 1


def _by_step(path: Path) -> dict[int, FloatArray]:
    """Return by step the numbers after step and time; empty without a file."""
    if not path.is_file():
        return {}
    try:
        table = np.loadtxt(path, comments="#", ndmin=2)
    except ValueError as error:
        raise InputError(f"{path}: is not a table of CP2K: {error}") from None
    if table.shape[1] < 11:
        raise InputError(f"{path}: has {table.shape[1]} columns; expected step, time and 9 numbers")
    return {int(row[0]): row[2:] for row in table}
