"""The energy of a pair is the work of its force."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from ipip.physics.check import PhysicsCheck
from ipip.physics.diatomics import Scan, first_problem, scans
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, as_worst, points
from ipip.physics.subject import Subject

PART = 0.01
LEAST = 5e-3  # eV


class Work(PhysicsCheck):
    """Integrates the force between two atoms and compares it with their energy."""

    name = "work"
    title = "Energy is the work of the force"
    question = "Is the integral of the force between two atoms their energy?"
    bound = (
        "within 1 % of the total variation of the energy, plus 5 meV and the error of the points' "
        "spacing"
    )
    source = (
        "MLIP Arena's conservation deviation (arXiv 2509.20630) in its integral form, without the "
        "errors of finite differences"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the largest difference of work and energy over pairs."""
        curves_of_pairs = scans(subject, quick)
        parts = {}
        curves = []
        for scan in curves_of_pairs:
            distances, difference, allowed = work_difference(scan)
            parts[scan.name] = float(np.abs(difference).max() / allowed)
            curves.append(Curve(scan.name, *points(distances, 1e3 * difference)))  # type: ignore[arg-type]
        pair = max(parts, key=lambda n: as_worst(parts[n]))
        return self.found(
            measures=(Measure("difference over the tolerance", parts[pair], "", 1, place=pair),),
            pictures=(
                Picture(
                    "Energy of two isolated atoms minus the work of their force from the largest "
                    "distance inward.",
                    "distance (Å)",
                    "energy - work (meV)",
                    tuple(curves),
                ),
            ),
            note=first_problem(curves_of_pairs),
        )


def work_difference(scan: Scan) -> tuple[FloatArray, FloatArray, float]:
    """Return distances (Å), energy minus work and its tolerance (eV), outside the wall."""
    outside = ~scan.inside
    r, energies, forces = scan.distances[outside], scan.energies[outside], scan.forces[outside]
    if not (np.isfinite(energies).all() and np.isfinite(forces).all()) or len(r) < 4:
        return r, np.full(len(r), np.nan), 1.0
    work = _work(r, forces, r)
    way = float(np.abs(np.diff(energies)).sum())
    # The result from every second point shows how well the points resolve the force.
    unresolved = float(np.abs(work - _work(r[::-2][::-1], forces[::-2][::-1], r)).max())
    return r, energies - energies[-1] - work, PART * way + LEAST + unresolved


def _work(at: FloatArray, forces: FloatArray, r: FloatArray) -> FloatArray:
    integral = CubicSpline(at, forces).antiderivative()
    return np.asarray(integral(at[-1]) - integral(r))


WORK = Work()
