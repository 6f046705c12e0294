"""Errors in the units of the molecular literature: total energies and forces in kcal/mol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from ipip.data.units import KCAL_PER_MOL
from ipip.errors import InputError


class MolecularErrors(TypedDict):
    """Mean absolute errors of frames of one molecule.

    Attributes:
        energy_mae_kcal_per_mol: of the total energy.
        force_mae_kcal_per_mol_a: of a force component, kcal/mol/Å.
    """

    energy_mae_kcal_per_mol: float
    force_mae_kcal_per_mol_a: float


def molecular_errors(errors: Mapping[str, Any]) -> MolecularErrors:
    """Convert errors of `ipip.evaluation.metrics`, which are in eV and per atom.

    Args:
        errors: of frames with equal numbers of atoms, with energies and forces.

    Raises:
        InputError: frames of different sizes, whose mean error per atom does not determine that of
            the totals.
    """
    n_frames, n_atoms = int(errors["n_frames"]), int(errors["n_atoms"])
    if n_frames == 0 or n_atoms % n_frames:
        raise InputError(
            f"{n_frames} frames with {n_atoms} atoms in all: errors of total energies need frames "
            "of one molecule"
        )
    per_atom_ev = errors["energy_mae_mev_per_atom"] / 1000.0
    return MolecularErrors(
        energy_mae_kcal_per_mol=per_atom_ev * (n_atoms // n_frames) / KCAL_PER_MOL,
        force_mae_kcal_per_mol_a=errors["force_mae_ev_per_a"] / KCAL_PER_MOL,
    )
