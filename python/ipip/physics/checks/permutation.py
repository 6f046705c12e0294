"""Atoms of one element are identical."""

from __future__ import annotations

from ipip.physics.by_law import PRECISE, by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import symmetry
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Permutation(PhysicsCheck):
    """Lists the same atoms in another order."""

    name = "permutation"
    title = "Order of the atoms"
    question = "Are results independent of the order of the atoms?"
    bound = PRECISE
    source = "identical atoms; LAMMPS sorts atoms in space as they move"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures."""
        chosen = subject.structures[: 1 if quick else None]
        return by_laws(
            self, per_structure(subject, chosen, symmetry.order_of_atoms_changes_nothing)
        )


PERMUTATION = Permutation()
