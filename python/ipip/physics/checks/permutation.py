"""Atoms of one element cannot be told apart."""

from __future__ import annotations

from ipip.physics.by_law import PRECISE, by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import symmetry
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Permutation(PhysicsCheck):
    """Gives the same atoms in another order."""

    name = "permutation"
    title = "Order of the atoms"
    question = "Does the order in which atoms are listed change nothing?"
    bound = PRECISE
    source = "identical atoms; LAMMPS sorts atoms in space as they move"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures."""
        chosen = subject.structures[: 1 if quick else None]
        return by_laws(
            self, per_structure(subject, chosen, symmetry.order_of_atoms_changes_nothing)
        )


PERMUTATION = Permutation()
