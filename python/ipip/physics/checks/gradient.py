"""Forces and stress are derivatives of the energy."""

from __future__ import annotations

from ipip.physics.by_law import by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import derivatives
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Gradient(PhysicsCheck):
    """Compares forces and stress with finite differences of the energy."""

    name = "gradient"
    title = "Forces and stress are the gradient"
    question = "Are forces and stress the derivatives of the energy, and do forces sum to zero?"
    bound = "the error of a finite difference in the precision of the potential"
    source = (
        "needed for constant energy: Bigi, Langer and Ceriotti, arXiv 2412.11569; MLIP Arena's "
        "conservation deviation (arXiv 2509.20630)"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures."""
        cases = per_structure(
            subject,
            subject.structures[: 1 if quick else None],
            derivatives.forces_are_the_gradient,
            derivatives.forces_sum_to_zero,
        )
        cases += per_structure(
            subject,
            subject.periodic[: 1 if quick else None],
            derivatives.stress_is_the_strain_derivative,
        )
        return by_laws(self, cases)


GRADIENT = Gradient()
