"""Atoms repel at short distance, down to 0.3 Å."""

from __future__ import annotations

import numpy as np

from ipip.physics.check import PhysicsCheck
from ipip.physics.diatomics import Scan, energy_picture, first_problem, scans
from ipip.physics.outcome import Measure, Outcome, as_worst
from ipip.physics.subject import Subject

NOISE = 0.01  # eV
LEAST_WALL = 10.0  # eV


class Repulsion(PhysicsCheck):
    """Detects holes at short distance in the curve of each pair of elements."""

    name = "repulsion"
    title = "Repulsion at short distance"
    question = "Does the energy keep rising as two atoms come closer than a hot bond?"
    bound = f"no hole deeper than {NOISE} eV; the wall is at least {LEAST_WALL:g} eV high"
    source = (
        "pair curves as in ML-PEG (physicality, diatomics) and MLIP Arena; the wall begins at 0.7 "
        "of the sum of covalent radii, the shortest bond at 2500 K; 10 eV is 46 kT at 2500 K"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the deepest hole and the lowest wall over pairs."""
        curves_of_pairs = scans(subject, quick)
        holes = {scan.name: deepest_hole(scan) for scan in curves_of_pairs}
        walls = {scan.name: wall_height(scan) for scan in curves_of_pairs}
        with_hole = [name for name, (depth, _, _) in holes.items() if not depth <= NOISE]
        pair = max(holes, key=lambda name: as_worst(holes[name][0]))
        depth, place, behind = holes[pair]
        reachable = [n for n in with_hole if not holes[n][2] > LEAST_WALL]
        lowest = min(walls, key=lambda name: -as_worst(-walls[name]))
        where = f"{pair} at {place:.2f} Å, behind {behind:.3g} eV" if with_hole else ""
        return self.found(
            measures=(
                Measure("pairs with a hole", len(with_hole), "", 0, place=", ".join(with_hole)),
                Measure("deepest hole", depth, "eV", NOISE, place=where),
                Measure("lowest wall", walls[lowest], "eV", LEAST_WALL, True, lowest),
                Measure(
                    f"holes behind less than {LEAST_WALL:g} eV",
                    len(reachable),
                    place=", ".join(reachable),
                ),
                Measure("pairs", len(curves_of_pairs)),
            ),
            pictures=(
                energy_picture(
                    curves_of_pairs,
                    "Energy of two isolated atoms. It must rise to the left of the well without a "
                    "fall: a hole traps atoms that come close in hot MD.",
                ),
            ),
            note=first_problem(curves_of_pairs),
        )


def deepest_hole(scan: Scan) -> tuple[float, float, float]:
    """Return the deepest fall of the energy inward from the wall's foot.

    Returns:
        Depth (eV) below the highest energy farther out, the distance (Å), and the height (eV) of
        the barrier in front of it above the lowest energy farther out. NaN if an energy is NaN.
    """
    order = np.flatnonzero(scan.inside)[::-1]
    energies = scan.energies[order]
    if not np.isfinite(energies).all():
        at = order[int(np.flatnonzero(~np.isfinite(energies))[0])]
        return float("nan"), float(scan.distances[at]), float("nan")
    if not len(order):
        return 0.0, scan.wall, 0.0
    highest = np.maximum.accumulate(energies)
    # Rounding grows with the energy of the wall.
    fall = np.maximum(highest - energies - 1e-6 * np.abs(highest - energies[0]), 0.0)
    at = int(fall.argmax())
    outside = scan.energies[~scan.inside]
    lowest = min([*outside[np.isfinite(outside)], energies[0]])
    return float(fall[at]), float(scan.distances[order[at]]), float(highest[at] - lowest)


def wall_height(scan: Scan) -> float:
    """Return the highest energy of the wall above the lowest one from its foot outwards, eV.

    A hole within the wall does not add to its height.
    """
    inside, outside = scan.energies[scan.inside], scan.energies[~scan.inside]
    if not np.isfinite(inside).all() or not len(inside):
        return float("nan")
    return float(inside.max() - min([*outside[np.isfinite(outside)], inside[-1]]))


REPULSION = Repulsion()
