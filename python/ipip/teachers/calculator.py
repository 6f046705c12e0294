"""A teacher, or a reference level, as an ASE calculator, for ASE's algorithms."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from ipip.data.electronic_state import state_in
from ipip.data.frame import Frame
from ipip.data.parsed import plain
from ipip.data.provenance import TEACHER_ERROR
from ipip.teachers.process import FrameError
from ipip.teachers.teacher import Teacher


class TeacherCalculator(Calculator):
    """Queries an open teacher for each structure; its process may use another environment.

    Args:
        teacher: open; the caller closes it.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, teacher: Teacher) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._teacher = teacher

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return what changed since the last structure; a charge or spin in its info counts too."""
        changes: list[str] = super().check_state(atoms, tol)  # type: ignore[no-untyped-call]
        if not changes and self.atoms is not None:
            before, now = plain(state_in(self.atoms.info)), plain(state_in(atoms.info))
            if before != now:
                return list(all_changes)
        return changes

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Any = None,
        system_changes: Any = all_changes,
    ) -> None:
        """Label the structure (eV, eV/Å, eV/Å^3).

        Raises:
            FrameError: the teacher raises on it; the teacher stays open for other structures.
            TeacherError: the teacher's process dies on it.
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert self.atoms is not None  # ASE sets it
        if not len(self.atoms):
            self.results = {"energy": 0.0, "free_energy": 0.0, "forces": np.zeros((0, 3))}
            return
        bare = Frame.from_atoms(self.atoms).replace(energy=None, forces=None, stress=None)
        (labelled,) = self._teacher.label([bare], on_error="mark")
        if labelled.energy is None:
            raise FrameError(labelled.info[TEACHER_ERROR])
        results: dict[str, Any] = {"energy": labelled.energy, "forces": labelled.forces}
        if labelled.stress is not None:
            (xx, xy, xz), (_, yy, yz), (_, _, zz) = labelled.stress
            results["stress"] = np.array([xx, yy, zz, yz, xz, xy])
        self.results = {**results, "free_energy": labelled.energy}
