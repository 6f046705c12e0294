"""Beyond the cutoff two atoms do not interact."""

from __future__ import annotations

import numpy as np

from ipip.physics.check import PhysicsCheck
from ipip.physics.diatomics import Scan, first_problem, scan_pair
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, as_worst, points
from ipip.physics.subject import Subject

FAR = 12.0  # Å, at which the tail of a potential without a stated cutoff must have ended
TAIL_TOLERANCE = 1e-3  # eV, eV/Å, of such a tail


class Tail(PhysicsCheck):
    """Measures energies and forces of pairs just beyond the cutoff, and much farther out."""

    name = "tail"
    title = "The end of the interaction"
    question = "Does the interaction of two atoms end at the stated cutoff?"
    bound = "beyond the stated cutoff only rounding; without one, 1 meV and 1 meV/Å beyond 12 Å"
    source = (
        "MD builds its neighbour lists from the stated cutoff: interactions beyond it are lost, or "
        "jump when a list is rebuilt; 1 meV is a hundredth of kT at 1200 K"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure energies relative to the largest distance, and forces."""
        begin = FAR if subject.cutoff is None else subject.cutoff + 1e-6
        shown = np.linspace(0.6 * begin, begin, 5 if quick else 17)[:-1]
        beyond = begin * np.array([1.0, 1.02, 1.1, 1.25, 1.5, 1.75, 2.5, 3.0])
        curves_of_pairs = [
            scan_pair(subject, pair, np.concatenate([shown, beyond])) for pair in subject.pairs
        ]
        has_cutoff = subject.cutoff is not None
        size = max(float(np.abs(scan.energies[-1])) for scan in curves_of_pairs)
        rounding = 64 * subject.precision.epsilon * size
        bounds = (
            (rounding + 1e-9, subject.precision.equality * 0.1)
            if has_cutoff
            else (TAIL_TOLERANCE, TAIL_TOLERANCE)
        )
        energy = {
            scan.name: _largest(scan.energies - scan.energies[-1], begin, scan)
            for scan in curves_of_pairs
        }
        force = {scan.name: _largest(scan.forces, begin, scan) for scan in curves_of_pairs}
        energy_pair, force_pair = (
            max(energy, key=lambda n: as_worst(energy[n])),
            max(force, key=lambda n: as_worst(force[n])),
        )
        curves = tuple(
            Curve(scan.name, *points(scan.distances, 1e3 * (scan.energies - scan.energies[-1])))  # type: ignore[arg-type]
            for scan in curves_of_pairs
        )
        words = f"beyond {begin:.4g} Å"
        return self.found(
            measures=(
                Measure(f"energy {words}", energy[energy_pair], "eV", bounds[0], place=energy_pair),
                Measure(f"force {words}", force[force_pair], "eV/Å", bounds[1], place=force_pair),
            ),
            pictures=(
                Picture(
                    f"Energy of pairs relative to {beyond[-1]:.3g} Å: zero {words}.",
                    "distance (Å)",
                    "energy (meV)",
                    curves,
                ),
            ),
            note=first_problem(curves_of_pairs),
        )


def _largest(values: FloatArray, begin: float, scan: Scan) -> float:
    return float(np.abs(values[scan.distances >= begin]).max())


TAIL = Tail()
