"""Energy and forces have no jumps, in particular where atoms enter the cutoff."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from ipip.physics.laws.agreement import Agreement, ContractError, worst
from ipip.physics.laws.evaluation import SMALLEST_FORCE, Evaluate, Evaluation, largest
from ipip.physics.laws.precision import Precision
from ipip.physics.laws.structures import cluster, spacing

FARTHEST = 12.0  # Å, of the path if no cutoff is known
STRIDE = 0.15  # Å
NARROWEST = 1e-6  # Å
GAPS = (1e-2, 1e-3, 1e-4, 1e-5)


class _Visit:
    """A cluster, and an atom that moves away from its first atom along -x."""

    def __init__(self, evaluate: Evaluate, symbols: Sequence[str], like: Atoms, far: float) -> None:
        self._evaluate = evaluate
        self.first, self.last = spacing(symbols), far
        middle = cluster(symbols, like, 2.5 * far + 8.0)
        self._atoms = middle + Atoms(symbols[-1], middle.positions[:1])
        self._origin = middle.positions[0].copy()

    def at(self, distance: float) -> Evaluation:
        """Evaluate with the visitor at a distance from the first atom, Å."""
        atoms = self._atoms.copy()
        atoms.positions[3] = self._origin - np.array([distance, 0.0, 0.0])
        return self._evaluate(atoms)

    def slope(self, result: Evaluation) -> float:
        """Return the derivative of the energy by the distance, eV/Å."""
        return float(result.forces[3, 0])


def nothing_jumps_at_the_cutoff(
    evaluate: Evaluate,
    like: Atoms,
    symbols: Sequence[str],
    cutoff: float,
    precision: Precision,
) -> Agreement:
    """Move an atom into another atom's cutoff: energy and forces change from zero continuously.

    Args:
        evaluate: the potential.
        like: a structure with the periodic directions.
        symbols: elements of the cluster and, last, of the moving atom.
        cutoff: Å.
        precision: for the bounds.
    """
    visit = _Visit(evaluate, symbols, like, cutoff + 1.0)
    outside = visit.at(cutoff + 1e-9)
    inside = [visit.at(cutoff - gap) for gap in GAPS]
    rounding = 16 * precision.epsilon * abs(outside.energy)
    size = largest(outside.forces, SMALLEST_FORCE)
    made = []
    for what, unit, changes, noise in (
        ("energy", "eV", [abs(r.energy - outside.energy) for r in inside], rounding),
        ("forces", "eV/Å", [np.abs(r.forces - outside.forces).max() for r in inside], 0.0),
    ):
        noise += precision.equality * size
        if not np.isfinite(changes).all():
            raise ContractError(f"{what} near the cutoff are not finite: {changes} {unit}")
        bound = (
            0.05 * changes[0] + noise
        )  # without a jump it decreases at least linearly with the gap
        words = f"the change of {what} {GAPS[-1]:g} Å within the cutoff"
        made.append(Agreement(words, float(changes[-1]), float(bound), unit))
        if changes[-1] > bound:
            raise ContractError(
                f"{what} change by {changes[-1]:.2g} {unit} when an atom comes {GAPS[-1]:g} Å "
                f"within the cutoff of {cutoff} Å (and by {changes[0]:.2g} at {GAPS[0]:g} Å); the "
                f"bound is {bound:.2g}: they must go to zero there",
                made[-1],
            )
    return worst(made)


def nothing_jumps_on_the_way_out(
    evaluate: Evaluate,
    like: Atoms,
    symbols: Sequence[str],
    cutoff: float | None,
    precision: Precision,
) -> Agreement:
    """Remove an atom from a cluster: between any two points the energy follows from its slopes.

    If the cubic through values and slopes at the ends of an interval does not match value and slope
    in its middle, the interval is halved; a misfit that remains in a tiny one is a jump. A half
    is accepted when its halves match too: a kink at a sixth of an interval matches its middle.

    Args:
        evaluate: the potential.
        like: a structure with the periodic directions.
        symbols: elements of the cluster and, last, of the moving atom.
        cutoff: Å, or None if it is not known.
        precision: for the bounds.
    """
    far = FARTHEST if cutoff is None else cutoff + 1.5 * spacing(symbols)
    visit = _Visit(evaluate, symbols, like, far)
    points = np.linspace(visit.first, visit.last, int((visit.last - visit.first) / STRIDE) + 2)
    results = [visit.at(float(d)) for d in points]
    deepest = max(abs(r.energy) for r in results)
    first = zip(points[:-1], points[1:], results[:-1], results[1:], strict=True)
    intervals = [(*interval, False) for interval in first]
    made = []
    while intervals:
        a, b, at_a, at_b, doubted = intervals.pop()
        h, middle = float(b - a), 0.5 * float(a + b)
        between = visit.at(middle)
        rise, s_a, s_b = at_b.energy - at_a.energy, visit.slope(at_a), visit.slope(at_b)
        energy = 0.5 * (at_a.energy + at_b.energy) + h * (s_a - s_b) / 8
        slope = 1.5 * rise / h - 0.25 * (s_a + s_b)
        error = 100 * precision.derivative * max(abs(s_a), abs(s_b), SMALLEST_FORCE)
        energy_bound = error + 64 * precision.epsilon * deepest
        slope_bound = 50 * error + 64 * precision.epsilon * deepest / h
        off_energy = abs(between.energy - energy)
        off_slope = abs(visit.slope(between) - slope)
        halves = [(a, middle, at_a, between), (middle, b, between, at_b)]
        if off_energy <= energy_bound and off_slope <= slope_bound:
            made.append(Agreement("the energy between two points", off_energy, energy_bound, "eV"))
            if doubted and h > NARROWEST:
                intervals += [(*half, False) for half in halves]
            continue
        if not np.isfinite(off_energy + off_slope):
            raise ContractError(f"energy or forces are not finite {middle:.4f} Å from an atom")
        if h > NARROWEST:
            intervals += [(*half, True) for half in halves]
            continue
        raise ContractError(
            f"{middle:.4f} Å from an atom, within {h:.1g} Å, the energy is {off_energy:.2g} eV and "
            f"its slope {off_slope:.2g} eV/Å away from the interpolation; the bounds "
            f"are {energy_bound:.2g} eV and {slope_bound:.2g} eV/Å: energy or forces "
            "jump there",
            Agreement("the energy at a jump", off_energy, energy_bound, "eV"),
        )
    return worst(made)
