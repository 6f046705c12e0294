"""Outside the repulsive wall the curve of a pair is one well: it falls, and then it rises."""

from __future__ import annotations

import numpy as np
from scipy.signal import find_peaks
from scipy.stats import spearmanr

from ipip.physics.check import PhysicsCheck
from ipip.physics.diatomics import Scan, first_problem, scans
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, points
from ipip.physics.subject import Subject

LEAST_FORCE = 1e-2  # eV/Å; smaller forces count as zero
LEAST_DEPTH = 1e-2  # eV, of a minimum


class Binding(PhysicsCheck):
    """Counts minima and sign changes of the force in the curve of each pair."""

    name = "binding"
    title = "One well between two atoms"
    question = "Does the curve of each pair have one minimum and one change of sign of the force?"
    bound = "at most one minimum and one change of sign for every pair"
    source = (
        "ML-PEG, physicality, diatomics: a pair has one minimum, and its force, if larger than "
        "0.01 eV/Å, one change of sign; tortuosity is MLIP Arena's (arXiv 2509.20630)"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure all pairs outside their walls."""
        curves_of_pairs = scans(subject, quick)
        outside = {scan.name: _outside(scan) for scan in curves_of_pairs}
        minima = {pair: count_minima(energies) for pair, (_, energies, _) in outside.items()}
        flips = {pair: count_flips(forces) for pair, (_, _, forces) in outside.items()}
        winding = {pair: tortuosity(energies) for pair, (_, energies, _) in outside.items()}
        order = {pair: attraction_order(r, energies) for pair, (r, energies, _) in outside.items()}
        most, flipping = max(minima, key=minima.__getitem__), max(flips, key=flips.__getitem__)
        winds, lowest = max(winding, key=winding.__getitem__), min(order, key=order.__getitem__)
        broken = sum(not np.isfinite(energies).all() for _, energies, _ in outside.values())
        curves = tuple(
            Curve(scan.name, *points(scan.distances, scan.forces))  # type: ignore[arg-type]
            for scan in curves_of_pairs
        )
        caption = "Force between two isolated atoms, positive if they repel: it crosses zero once."
        return self.found(
            measures=(
                Measure("minima of a pair", minima[most], "", 1, place=most),
                Measure("changes of sign of a force", flips[flipping], "", 1, place=flipping),
                Measure("pairs without finite energies", broken, "", 0),
                Measure("largest tortuosity", winding[winds], place=winds),
                Measure("lowest rank correlation of attraction", order[lowest], place=lowest),
            ),
            pictures=(
                Picture(caption, "distance (Å)", "force (eV/Å)", curves, clip=(-15.0, 15.0)),
            ),
            note=first_problem(curves_of_pairs),
        )


def _outside(scan: Scan) -> tuple[FloatArray, FloatArray, FloatArray]:
    kept = ~scan.inside
    return scan.distances[kept], scan.energies[kept], scan.forces[kept]


def count_minima(energies: FloatArray) -> int:
    """Return the number of minima deeper than `LEAST_DEPTH`, not counting ends of the curve."""
    return len(find_peaks(-energies, prominence=LEAST_DEPTH)[0])


def count_flips(forces: FloatArray) -> int:
    """Return how often the force changes its sign, without small forces."""
    signs = np.sign(forces[np.abs(forces) > LEAST_FORCE])
    return int((signs[1:] != signs[:-1]).sum())


def tortuosity(energies: FloatArray) -> float:
    """Return the total variation of the energy over that of a single well: 1 for one well."""
    lowest = energies.min(initial=np.inf)
    direct = abs(energies[0] - lowest) + abs(energies[-1] - lowest)
    return float(np.abs(np.diff(energies)).sum() / direct) if direct > LEAST_DEPTH else 1.0


def attraction_order(distances: FloatArray, energies: FloatArray) -> float:
    """Return Spearman's correlation of distance and energy beyond the minimum: 1 for a clean well.

    It is 1 without binding, or if the well is at the end.
    """
    at = int(np.argmin(energies))
    beyond = slice(at, None)
    if len(energies) - at < 3 or np.ptp(energies[beyond]) < LEAST_DEPTH:
        return 1.0
    return float(spearmanr(distances[beyond], energies[beyond]).statistic)


BINDING = Binding()
