"""A student as an ASE calculator."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from ipip.errors import InputError, IpipError
from ipip.export import load_student
from ipip.graph import energy_and_forces, neighbor_list
from ipip.graph.species import species_index


class IpipCalculator(Calculator):
    """Evaluates a student's model file within ASE.

    Results: `energy` and `free_energy` (eV), `energies` [n] (eV, one per atom), `forces` [n, 3]
    (eV/Å) and, for systems periodic in three directions, `stress` [6] (eV/Å^3, ASE's order).

    Args:
        model: path of the model file.
        device: torch device, `cpu` or `cuda[:N]`.
        **kwargs: passed on to ASE's `Calculator`.

    Raises:
        InputError: the file is not a student, or the device is not there.
    """

    implemented_properties = [  # noqa: RUF012  ASE's name
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
    ]

    def __init__(self, model: str | os.PathLike[str], device: str = "cpu", **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(f"device is {device!r}, but torch finds no GPU here; use 'cpu'")
        self.device = torch.device(device)
        self.student, self.metadata = load_student(model, device)
        self.student.eval().requires_grad_(False)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all results of `atoms` at once (called by ASE)."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        system = self.atoms
        assert system is not None  # ASE sets it
        species = species_index(system.numbers, self.metadata.symbols)
        edge_index, edge_vec = neighbor_list(
            system.positions, system.cell.array, system.pbc, self.metadata.cutoff
        )
        on = self.device
        atomic, forces, strain = energy_and_forces(
            self.student,
            torch.as_tensor(species, device=on),
            torch.as_tensor(edge_index, device=on),
            torch.as_tensor(edge_vec, device=on),
            torch.arange(len(system), device=on),
            max(len(system), 1),
        )
        energies = atomic.cpu().numpy()[: len(system)]
        if not (np.isfinite(energies).all() and bool(torch.isfinite(forces).all())):
            raise IpipError(
                "the student's energy or forces are not finite for this structure; look for "
                "overlapping atoms"
            )
        self.results["energy"] = self.results["free_energy"] = float(energies.sum())
        self.results["energies"] = energies
        self.results["forces"] = forces.cpu().numpy()
        if system.pbc.all():
            stress = strain.sum(0).cpu().numpy() / system.get_volume()
            self.results["stress"] = full_3x3_to_voigt_6_stress(0.5 * (stress + stress.T))
