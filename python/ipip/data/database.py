"""ASE databases (SQLite)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import ase.db
import numpy as np

from ipip.data.frame import Frame
from ipip.data.parsed import ParsedFrame, from_atoms, plain
from ipip.errors import InputError


def read_database(path: Path) -> list[ParsedFrame]:
    """Read every row of an ASE database, in the order of its ids.

    Per-frame values are a row's results, key-value pairs and data; arrays in the data whose first
    axis runs over the atoms count as per-atom values.

    Raises:
        InputError: the file is not an ASE database.
    """
    if path.read_bytes()[:16] != b"SQLite format 3\x00":
        raise InputError(f"{path}: is not an SQLite file; expected an ASE database")
    parsed: list[ParsedFrame] = []
    try:
        with ase.db.connect(path, type="db") as database:
            stated = _stated_units(database.metadata)
            for row in database.select(sort="id"):
                frame = from_atoms(row.toatoms())
                frame.per_frame.update(stated)
                frame.per_frame.update(row.key_value_pairs)
                for key, value in row.data.items():
                    array = isinstance(value, np.ndarray) and value.shape[:1] == (row.natoms,)
                    (frame.per_atom if array else frame.per_frame)[key] = value
                parsed.append(frame)
    except Exception as error:  # sqlite3, KeyError, ValueError: a broken file causes any of them
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: row {len(parsed)} cannot be read: {reason}") from None
    return parsed


def _stated_units(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the units that a database states for all its rows, as SchNetPack does."""
    stated = {key: value for key, value in metadata.items() if "unit" in key.lower()}
    properties = stated.pop("_property_unit_dict", None)
    units = {key.strip("_"): value for key, value in stated.items() if isinstance(value, str)}
    if isinstance(properties, Mapping):
        units |= {f"{name}_unit": str(unit) for name, unit in properties.items()}
    return units


def write_database(path: Path, frames: Iterable[Frame]) -> None:
    """Write frames as a new ASE database; a frame's info goes into the row's data."""
    with ase.db.connect(path, type="db", append=False, use_lock_file=False) as database:
        for frame in frames:
            vectors = {k: values for k, values in frame.arrays.items() if values.ndim > 1}
            scalars = {k: values for k, values in frame.arrays.items() if values.ndim == 1}
            atoms = frame.replace(info={}, arrays=scalars).to_atoms()  # ASE flattens vectors
            if atoms.calc is not None and frame.stress is not None:
                atoms.calc.results["stress"] = frame.stress[
                    [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]
                ].copy()
            weight = {} if frame.weight == 1.0 else {"config_weight": float(frame.weight)}
            database.write(atoms, data=plain(frame.info) | vectors | weight)
