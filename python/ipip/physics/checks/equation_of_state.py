"""Near its volume a system's pressure is the slope of its energy, with at most one zero."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, index_of_worst, points
from ipip.physics.subject import Subject
from ipip.physics.volumes import scan_volumes

RANGE = 0.1
NOISE = 1e-4  # eV/atom
PART = 0.02
LEAST = 0.1  # GPa
GPA = 160.21766  # of 1 eV/Å^3


class EquationOfState(PhysicsCheck):
    """Scales the volume of boxes by up to 10 % in both directions."""

    name = "equation-of-state"
    title = "Equation of state"
    question = "Is there one equilibrium volume, and is pressure the slope of the energy?"
    bound = "the energy turns at most once; pressure within 2 % of its range, plus 0.1 GPa"
    source = (
        "MLIP Arena, equation of state: 11 volumes within 10 %, whose energy differences change "
        "sign once; the pressure that a barostat uses is the derivative of the same energy"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the periodic structures."""
        chosen = subject.periodic[: 2 if quick else None]
        if not chosen:
            return self.not_applicable("no structure is periodic in three directions")
        volumes = np.linspace(1 - RANGE, 1 + RANGE, 11)
        volume_scans = [scan_volumes(subject, atoms, volumes) for atoms in chosen]
        names = numbered(chosen)
        turns = [count_turns(scan.energies) for scan in volume_scans]
        most = int(np.argmax(turns))
        measures = [Measure("turns of the energy", turns[most], "", 1, place=names[most])]
        parts = []
        for scan in volume_scans:
            if scan.pressures is None:
                continue
            slope = (
                -CubicSpline(volumes, scan.energies)(volumes, 1)
                if np.isfinite(scan.energies).all()
                else volumes
            )
            expected = GPA * slope / scan.atom_volume
            stated = GPA * scan.pressures
            allowed = PART * float(np.ptp(stated)) + LEAST
            # Splines are less accurate at their ends.
            parts.append(float(np.abs(stated - expected)[1:-1].max() / allowed))
        if parts:
            worst = index_of_worst(parts)
            what = "pressure against slope, over the tolerance"
            measures.append(Measure(what, parts[worst], "", 1, place=names[worst]))
        curves = tuple(
            Curve(name, *points(volumes, 1e3 * (scan.energies - scan.energies.min())))  # type: ignore[arg-type]
            for name, scan in zip(names, volume_scans, strict=True)
        )
        return self.found(
            measures=tuple(measures),
            pictures=(
                Picture(
                    "Energy of scaled boxes above the lowest one. A hot or gaseous box has no "
                    "minimum in this range, but no curve turns twice.",
                    "V / V0",
                    "energy (meV/atom)",
                    curves,
                ),
            ),
            note=next((scan.problem for scan in volume_scans if scan.problem), ""),
        )


def count_turns(energies: FloatArray) -> float:
    """Return how often the energy changes from falling to rising or back, ignoring noise."""
    if not np.isfinite(energies).all():
        return float("nan")
    steps = np.diff(energies)
    signs = np.sign(steps[np.abs(steps) > NOISE])
    return float((signs[1:] != signs[:-1]).sum())


EQUATION_OF_STATE = EquationOfState()
