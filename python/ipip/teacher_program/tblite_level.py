"""GFN-xTB by tblite, with the charge and the multiplicity that a frame says."""

from __future__ import annotations

from typing import Any

from ase.calculators.calculator import all_changes
from tblite.ase import TBLite

from .spin import checked_spin


class TbliteLevel(TBLite):  # type: ignore[misc]
    """tblite's calculator, which by itself reads initial charges and moments alone.

    Args:
        arguments: of tblite's calculator. A charge or multiplicity among them holds for frames that
            say none; a frame that says another fails.
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
                self._xtb = self._res = None  # it knows the charge of the frame before
        super().calculate(atoms, properties, system_changes)
