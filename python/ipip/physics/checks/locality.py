"""Atoms beyond the receptive field of an atom do not change the force on it."""

from __future__ import annotations

from functools import partial

from ase import Atoms

from ipip.physics.by_law import PRECISE, by_laws
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import locality
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Locality(PhysicsCheck):
    """Moves the end of a chain of atoms and compares the distant ones."""

    name = "locality"
    title = "Locality"
    question = "Does a move beyond the receptive field change nothing?"
    bound = PRECISE
    source = (
        "ML-PEG, physicality, locality; a force depends on atoms within twice the number of layers "
        "times the cutoff, and a domain of LAMMPS holds no others"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure chains that start with each element."""
        if subject.cutoff is None or subject.layers is None:
            return self.not_applicable("cutoff and number of layers are not known")
        cases = [
            (
                f"a chain from {symbol} on",
                partial(
                    locality.far_moves_are_not_felt,
                    subject.evaluate,
                    Atoms(pbc=False),
                    [*subject.symbols[turn:], *subject.symbols[:turn]],
                    subject.cutoff,
                    subject.layers,
                    subject.precision,
                ),
            )
            for turn, symbol in enumerate(subject.symbols[: 1 if quick else None])
        ]
        return by_laws(self, cases)


LOCALITY = Locality()
