"""Results do not depend on a system's position or the choice of its periodic box."""

from __future__ import annotations

from ipip.physics.by_law import PRECISE, by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import symmetry
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Translation(PhysicsCheck):
    """Moves systems, moves atoms to other images, and uses other cells of the same lattice."""

    name = "translation"
    title = "Translation and periodic images"
    question = "Are energy and forces independent of position and choice of the box?"
    bound = PRECISE
    source = "ML-PEG, physicality, translational symmetry; LAMMPS wraps atoms and reduces boxes"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures; images and boxes of the periodic ones."""
        chosen = subject.structures[: 1 if quick else None]
        cases = per_structure(subject, chosen, symmetry.translation_changes_nothing)
        periodic = subject.periodic[: 1 if quick else None]
        cases += per_structure(
            subject,
            periodic,
            symmetry.wrapping_changes_nothing,
            symmetry.another_box_of_the_lattice_changes_nothing,
        )
        return by_laws(self, cases)


TRANSLATION = Translation()
