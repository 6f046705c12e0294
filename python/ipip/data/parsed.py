"""The content of a file on one configuration, before its keys are interpreted."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from ase import Atoms
from ase.io.extxyz import per_atom_properties


@dataclasses.dataclass(frozen=True)
class ParsedFrame:
    """A structure and everything that a file holds on it, by the file's keys.

    Attributes:
        atoms: numbers, positions, cell and periodicity.
        per_frame: values of the whole frame.
        per_atom: arrays whose first axis runs over the atoms.
    """

    atoms: Atoms
    per_frame: dict[str, Any]
    per_atom: dict[str, Any]


def plain(value: Any) -> Any:
    """Turn numpy values into plain Python ones (arrays become lists), at any depth."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def from_atoms(atoms: Atoms) -> ParsedFrame:
    """Sort the values of an ASE structure into per-frame and per-atom ones."""
    per_frame = dict(atoms.info)
    per_atom = {k: v for k, v in atoms.arrays.items() if k not in ("numbers", "positions")}
    results = {} if atoms.calc is None else atoms.calc.results
    for key, value in results.items():
        if value is None:
            continue
        (per_atom if key in per_atom_properties else per_frame)[key] = value
    return ParsedFrame(atoms, per_frame, per_atom)
