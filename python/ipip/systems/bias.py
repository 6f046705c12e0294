"""Gaussians added to a potential, which push a structure out of its minimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

FloatArray = npt.NDArray[np.float64]


class BiasedCalculator(Calculator):
    """A potential plus Gaussians along directions in configuration space.

    V(R) = E(R) + sum_k w_k exp(-((R - R_k) . N_k)^2 / (2 s_k^2))

    Args:
        potential: any ASE calculator (eV, eV/Å).

    Source: C. Shang, Z.-P. Liu, J. Chem. Theory Comput. 9, 1838 (2013), eq. 1-2.
    """

    implemented_properties = ["energy", "forces"]  # noqa: RUF012  ASE's name

    def __init__(self, potential: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.potential = potential
        self._gaussians: list[tuple[FloatArray, FloatArray, float, float]] = []

    def add(self, centre: FloatArray, direction: FloatArray, height: float, width: float) -> None:
        """Add a Gaussian.

        Args:
            centre: [n, 3] Å.
            direction: [n, 3] of length 1.
            height: eV.
            width: Å.
        """
        self._gaussians.append((centre.copy(), direction.copy(), height, width))
        self.reset()  # type: ignore[no-untyped-call]

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Any = None,
        system_changes: Any = all_changes,
    ) -> None:
        """Compute energy and forces with all Gaussians."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert self.atoms is not None  # ASE sets it
        energy, forces = evaluate(self.potential, self.atoms)
        for centre, direction, height, width in self._gaussians:
            along = float(((self.atoms.positions - centre) * direction).sum())
            value = height * np.exp(-0.5 * (along / width) ** 2)
            energy += value
            forces = forces + value * along / width**2 * direction
        self.results = {"energy": energy, "forces": forces}


def evaluate(potential: Any, atoms: Atoms) -> tuple[float, FloatArray]:
    """Return energy (eV) and forces [n, 3] (eV/Å) of a structure without changing it."""
    trial = atoms.copy()  # with its charge and spin
    trial.set_constraint()
    trial.calc = potential
    return float(trial.get_potential_energy()), np.array(trial.get_forces())
