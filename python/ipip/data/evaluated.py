"""What a student computes for one structure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ipip.data.frame import FloatArray, Frame


class Evaluated(NamedTuple):
    """Energies and forces of n atoms, and the strain derivative of the energy.

    Attributes:
        energies: [n] eV, of each atom.
        forces: [n, 3] eV/Å.
        strain: [3, 3] eV, derivative of the energy with respect to the strain.
        uncertainties: [n] eV/Å, expected norm of the error of each atom's force; None for a student
            without expected errors.
    """

    energies: FloatArray
    forces: FloatArray
    strain: FloatArray
    uncertainties: FloatArray | None = None

    @property
    def largest_uncertainty(self) -> float | None:
        """Largest expected error of a force, eV/Å; None for a student without expected errors."""
        return None if self.uncertainties is None else float(self.uncertainties.max(initial=0.0))

    def is_finite(self) -> bool:
        """Whether all energies and forces are finite."""
        return bool(np.isfinite(self.energies).all() and np.isfinite(self.forces).all())

    def stress(self, frame: Frame) -> FloatArray | None:
        """Return the stress [3, 3] in eV/Å^3, or None if the frame cannot have one."""
        if not frame.may_have_stress:
            return None
        return (self.strain + self.strain.T) / (2.0 * frame.volume)

    def label(self, frame: Frame) -> Frame:
        """Return the frame with these labels."""
        return frame.replace(
            energy=float(self.energies.sum()), forces=self.forces, stress=self.stress(frame)
        )
