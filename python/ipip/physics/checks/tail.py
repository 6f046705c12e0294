"""Beyond the cutoff two atoms do not interact."""

from __future__ import annotations

import numpy as np

from ipip.physics.check import PhysicsCheck
from ipip.physics.diatomics import Scan, first_problem, scan_pair
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, as_worst, points
from ipip.physics.subject import Subject

FAR = 12.0  # Å, where the tail of a potential without a stated cutoff must have ended
LEFT = 1e-3  # eV, eV/Å, of such a tail


class Tail(PhysicsCheck):
    """Looks at energies and forces of pairs just beyond the cutoff, and much farther out."""

    name = "tail"
    title = "The end of the interaction"
    question = "Is the interaction of two atoms over where the potential says that it is?"
    bound = (
        "beyond the stated cutoff nothing but rounding; without one, 1 meV and 1 meV/Å beyond 12 Å"
    )
    source = (
        "MD builds its neighbour lists from the stated cutoff: what is beyond is lost, or jumps "
        "when a list is made anew; 1 meV is a hundredth of kT at 1200 K"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure energies against the largest distance, and forces."""
        begin = FAR if subject.cutoff is None else subject.cutoff + 1e-6
        shown = np.linspace(0.6 * begin, begin, 5 if quick else 17)[:-1]
        beyond = begin * np.array([1.0, 1.02, 1.1, 1.25, 1.5, 1.75, 2.5, 3.0])
        found = [
            scan_pair(subject, pair, np.concatenate([shown, beyond])) for pair in subject.pairs
        ]
        known = subject.cutoff is not None
        size = max(float(np.abs(scan.energies[-1])) for scan in found)
        rounding = 64 * subject.precision.epsilon * size
        bounds = (rounding + 1e-9, subject.precision.equality * 0.1) if known else (LEFT, LEFT)
        energy = {
            scan.name: _largest(scan.energies - scan.energies[-1], begin, scan) for scan in found
        }
        force = {scan.name: _largest(scan.forces, begin, scan) for scan in found}
        one, other = (
            max(energy, key=lambda n: as_worst(energy[n])),
            max(force, key=lambda n: as_worst(force[n])),
        )
        curves = tuple(
            Curve(scan.name, *points(scan.distances, 1e3 * (scan.energies - scan.energies[-1])))  # type: ignore[arg-type]
            for scan in found
        )
        words = f"beyond {begin:.4g} Å"
        return self.found(
            measures=(
                Measure(f"energy {words}", energy[one], "eV", bounds[0], place=one),
                Measure(f"force {words}", force[other], "eV/Å", bounds[1], place=other),
            ),
            pictures=(
                Picture(
                    f"Energy of pairs against that at {beyond[-1]:.3g} Å: zero {words}.",
                    "distance (Å)",
                    "energy (meV)",
                    curves,
                ),
            ),
            note=first_problem(found),
        )


def _largest(values: FloatArray, begin: float, scan: Scan) -> float:
    return float(np.abs(values[scan.distances >= begin]).max())


TAIL = Tail()
