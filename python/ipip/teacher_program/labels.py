"""Energies, forces and stresses of frames, one by one or in batches."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from .kinds.kind import TeacherKind

Labels = dict[str, Any]


def make_atoms(header: Mapping[str, Any], arrays: Mapping[str, Any], suffix: str = "") -> Any:
    """Return the ASE structure of a request: numbers, pbc and info in the header, rest in arrays.

    Charge, spin and similar values go where calculators read them: the structure's info, its
    initial charges and magnetic moments, its tags.
    """
    from ase import Atoms

    atoms = Atoms(
        numbers=header["numbers"],
        positions=arrays[f"positions{suffix}"],
        cell=arrays[f"cell{suffix}"],
        pbc=header["pbc"],
        info=dict(header["info"]),
    )
    for name in header["per_atom"]:
        values = arrays[f"{name}{suffix}"]
        atoms.set_array(name, values.astype(int) if name == "tags" else values)
    return atoms


def labels(atoms: Any) -> Labels:
    """Return energy [], forces [n, 3] and, for a periodic cell, stress [3, 3] if available."""
    labelled = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
    if all(atoms.pbc):
        with contextlib.suppress(NotImplementedError):
            labelled["stress"] = atoms.get_stress(voigt=False)
    return labelled


def label_all(
    kind: TeacherKind, calculator: Any, structures: Sequence[Any]
) -> tuple[list[Labels], list[str | None]]:
    """Label structures in one evaluation if the teacher can, else one by one.

    Returns:
        The labels of each structure, and its error or None. A batch that fails as a whole is
        evaluated one by one, so that one frame does not cost others their labels.
    """
    if kind.evaluates_batches and len(structures) > 1:
        try:
            together = kind.label_together(calculator, structures)
            for structure, label in zip(structures, together, strict=True):
                if not all(structure.pbc):
                    label.pop("stress", None)
            return together, [None] * len(structures)
        except Exception:
            traceback.print_exc()
    results: list[Labels] = []
    errors: list[str | None] = []
    for structure in structures:
        if hasattr(calculator, "reset"):
            calculator.reset()  # no cached results: a repeated frame is computed again
        try:
            structure.calc = calculator
            results.append(labels(structure))
            errors.append(None)
        except Exception as error:
            traceback.print_exc()
            results.append({})
            errors.append(f"{type(error).__name__}: {error}")
    return results, errors
