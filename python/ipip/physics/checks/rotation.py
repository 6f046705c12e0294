"""A rotated or reflected system is the same system."""

from __future__ import annotations

from ipip.physics.by_law import PRECISE, by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import symmetry
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Rotation(PhysicsCheck):
    """Rotates and reflects structures with their boxes."""

    name = "rotation"
    title = "Rotation and reflection"
    question = "When a system is rotated, is the energy unchanged, and do forces rotate too?"
    bound = PRECISE
    source = "ML-PEG, physicality, rotational symmetry; a preferred direction causes torques"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures."""
        laws = (symmetry.rotation_turns_the_forces, symmetry.reflection_mirrors_the_forces)
        chosen = subject.structures[: 1 if quick else None]
        return by_laws(self, per_structure(subject, chosen, *laws))


ROTATION = Rotation()
