"""Energies of distant systems add up, and two cells have twice the energy of one."""

from __future__ import annotations

from functools import partial

from ase import Atoms

from ipip.physics.by_law import PRECISE, Case, by_laws, per_structure
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import locality, symmetry
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject

FAR = 100.0  # Å


class Extensivity(PhysicsCheck):
    """Adds systems: clusters beside each other, cells on top of each other."""

    name = "extensivity"
    title = "Extensivity"
    question = "Is the energy of two distant systems the sum of their energies?"
    bound = PRECISE
    source = "ML-PEG, physicality, extensivity: systems 100 Å apart against each alone"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure two clusters, and the periodic structures."""
        reach = max(FAR, 0.0 if subject.cutoff is None else subject.cutoff)
        two = partial(
            locality.far_atoms_do_not_interact,
            subject.evaluate,
            Atoms(pbc=False),
            subject.symbols,
            0.5 * reach,
            subject.precision,
        )
        cases: list[Case] = [("two clusters", two)]
        chosen = subject.periodic[: 1 if quick else 2]
        cases += per_structure(subject, chosen, symmetry.energy_is_extensive)
        return by_laws(self, cases)


EXTENSIVITY = Extensivity()
