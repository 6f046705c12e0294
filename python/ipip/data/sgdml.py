"""Archives of sGDML (MD17, rMD17 of sgdml.org, MD22): one molecule in many configurations.

An `.npz` holds `z` [n] atomic numbers, `R` [m, n, 3] positions (Å), and labels: `E` [m] or [m, 1]
energies and `F` [m, n, 3] forces; `lattice` [3, 3] (columns are lattice vectors) where it is
periodic. `e_unit` and `r_unit` name the units of energy and length, if present; forces
  are in their quotient (Chmiela et al., Comput. Phys. Commun. 240, 38 (2019)).
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ase import Atoms

from ipip.data.parsed import ParsedFrame
from ipip.errors import InputError

STRUCTURE = ("z", "R", "lattice")


def read_sgdml(path: Path) -> list[ParsedFrame]:
    """Read every configuration of an sGDML archive; its numbers are returned unconverted.

    Its units are stated in each frame: `e_unit`, `r_unit`, and `f_unit` of the forces.

    Arrays whose first axes run over configurations and atoms become per-atom values, arrays over
    configurations only become per-frame values, under the archive's names; others (name,
    theory, statistics) are discarded.

    Args:
        path: the archive.

    Raises:
        InputError: not an archive, no `z` or `R`, or shapes that do not fit.
    """
    arrays = _load(path)
    stated = _stated_units(arrays)
    for key in ("z", "R"):
        if key not in arrays:
            raise InputError(
                f"{path}: has no array {key!r} (there: {', '.join(sorted(arrays)) or 'none'}); "
                "expected an sGDML archive with z, R, E and F"
            )
    z, positions = np.asarray(arrays["z"]), np.asarray(arrays["R"])
    if z.ndim != 1 or not np.issubdtype(z.dtype, np.integer) or (z < 1).any() or (z > 118).any():
        raise InputError(f"{path}: z has shape {z.shape}; expected [n] atomic numbers")
    if positions.ndim != 3 or positions.shape[1:] != (len(z), 3):
        raise InputError(
            f"{path}: R has shape {positions.shape}; expected [configurations, {len(z)}, 3]"
        )
    count = len(positions)
    per_frame, per_atom = {}, {}
    for key, values in arrays.items():
        if key in STRUCTURE or values.ndim == 0 or len(values) != count:
            continue
        if values.shape[1:2] == (len(z),):
            per_atom[key] = values
        elif values.shape[1:] in ((), (1,)):
            per_frame[key] = values.reshape(count)
    cell = np.asarray(arrays["lattice"], float).T if "lattice" in arrays else np.zeros((3, 3))
    if cell.shape != (3, 3):
        raise InputError(f"{path}: lattice has shape {cell.T.shape}; expected [3, 3]")
    periodic = bool(cell.any())
    return [
        ParsedFrame(
            Atoms(numbers=z, positions=positions[index], cell=cell, pbc=periodic),
            {key: values[index] for key, values in per_frame.items()} | stated,
            {key: values[index] for key, values in per_atom.items()},
        )
        for index in range(count)
    ]


def _stated_units(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, str]:
    stated: dict[str, str] = {}
    for key in ("e_unit", "r_unit"):
        if key in arrays and arrays[key].size == 1:
            said = arrays[key].reshape(()).item()
            stated[key] = said.decode() if isinstance(said, bytes) else str(said)
    if "e_unit" in stated:
        stated["f_unit"] = f"{stated['e_unit']}/{stated.get('r_unit', 'Å')}"
    return stated


def _load(path: Path) -> dict[str, npt.NDArray[Any]]:
    arrays = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            for key in archive.files:
                try:
                    arrays[key] = archive[key]
                except ValueError:  # a pickled object: never labels
                    if key in STRUCTURE:
                        raise
        return arrays
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: cannot be read as an sGDML archive (.npz): {error}; the file may be "
            "truncated or in another format"
        ) from None
