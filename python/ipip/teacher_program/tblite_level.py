"""GFN-xTB by tblite, with the charge and the multiplicity of a frame."""

from __future__ import annotations

from typing import Any

from ase.calculators.calculator import all_changes
from tblite.ase import TBLite

from .spin import checked_spin


class TbliteLevel(TBLite):  # type: ignore[misc]
    """tblite's calculator, which otherwise reads only initial charges and moments.

    Args:
        arguments: of tblite's calculator. A charge or multiplicity among them applies to frames
            without one; a frame with another one fails.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._given = {name: self.parameters.get(name) for name in ("charge", "multiplicity")}

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = None,
        system_changes: Any = all_changes,
    ) -> None:
        """Run tblite on the structure (eV, eV/Å, eV/Å^3).

        Raises:
            RuntimeError: charge and multiplicity do not fit each other or the arguments.
        """
        if atoms is not None:
            spin = checked_spin(atoms, self._given)
            if any(self.parameters.get(name) != value for name, value in spin.items()):
                self.parameters.update(spin)
                self._xtb = self._res = None  # it keeps the charge of the frame before
        super().calculate(atoms, properties, system_changes)
