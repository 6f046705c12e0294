"""Neither the place of a system counts nor the choice of its periodic box."""

from __future__ import annotations

from ipip.physics.by_law import PRECISE, by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import symmetry
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Translation(PhysicsCheck):
    """Moves systems, puts atoms at other images, and takes other boxes of the same lattice."""

    name = "translation"
    title = "Translation and periodic images"
    question = "Are energy and forces those of the system, wherever it is and whatever its box?"
    bound = PRECISE
    source = "ML-PEG, physicality, translational symmetry; LAMMPS wraps atoms and reduces boxes"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures; those of periodic boxes where they are periodic."""
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
