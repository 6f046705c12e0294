"""In MD at constant energy the total energy is conserved."""

from __future__ import annotations

import numpy as np

from ipip.physics.check import PhysicsCheck
from ipip.physics.dynamics import Moment, constant_energy
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, index_of_worst, points
from ipip.physics.subject import Subject

TOLERANCE = 5e-4  # eV/atom/ps
TEMPERATURE = 300.0  # K
TIMESTEP = 0.5  # fs
STEPS = {True: 1000, False: 6000}
WARM_UP = 0.2
DRAWN = 200


class Drift(PhysicsCheck):
    """Runs at constant energy and fits a line to the total energy."""

    name = "drift"
    title = "Drift at constant energy"
    question = "Is the total energy conserved in MD at constant energy?"
    bound = f"a slope of at most {TOLERANCE:g} eV/atom/ps, beyond twice its uncertainty"
    source = (
        "LAMBench's instability (arXiv 2504.19578): the slope of the total energy after a fifth "
        "of the run, with this tolerance; MLIP Arena, energy conservation"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure runs from the structures."""
        chosen = [atoms for atoms in subject.structures if len(atoms) > 1][: 1 if quick else None]
        if not chosen:
            return self.not_applicable("no structure has two atoms")
        names = numbered(chosen)
        curves, slopes, uncertain, note = [], [], [], ""
        for name, atoms in zip(names, chosen, strict=True):
            run = list(constant_energy(subject, atoms, TEMPERATURE, TIMESTEP, STEPS[quick]))
            times, totals = series(run, len(atoms))
            slope, error = fitted_slope(times, totals)
            broken = run[-1].broken
            note = note or (f"{name} at {run[-1].time:.0f} fs: {broken}" if broken else "")
            slopes.append(float("nan") if broken else slope)
            uncertain.append(error)
            every = max(1, len(times) // DRAWN)
            shown = 1e3 * (totals - totals[0])
            curves.append(Curve(name, *points(times[::every], shown[::every])))  # type: ignore[arg-type]
        beyond = [
            max(0.0, abs(s) - 2 * e) if np.isfinite(s) else np.nan
            for s, e in zip(slopes, uncertain, strict=True)
        ]
        at = index_of_worst(beyond)
        unit = "eV/atom/ps"
        return self.found(
            measures=(
                Measure(
                    "drift beyond its uncertainty", beyond[at], unit, TOLERANCE, place=names[at]
                ),
                Measure("slope of the total energy", slopes[at], unit, place=names[at]),
                Measure("uncertainty of the slope", uncertain[at], unit, place=names[at]),
            ),
            pictures=(
                Picture(
                    f"Total energy at constant energy, from {TEMPERATURE:g} K with steps of "
                    f"{TIMESTEP:g} fs.",
                    "time (fs)",
                    "change of the total energy (meV/atom)",
                    tuple(curves),
                ),
            ),
            note=note,
        )


def series(run: list[Moment], atoms: int) -> tuple[FloatArray, FloatArray]:
    """Return times (fs) and total energies (eV/atom) of a run."""
    return (
        np.array([moment.time for moment in run]),
        np.array([moment.total / atoms for moment in run]),
    )


def fitted_slope(times: FloatArray, totals: FloatArray) -> tuple[float, float]:
    """Return the slope of a line through energies after the warm-up, and its standard error.

    Args:
        times: [n] fs.
        totals: [n] eV/atom. Neighbouring values are correlated: the error is that of the slopes
            of five blocks about their means.

    Returns:
        Both in eV/atom/ps; NaN if the run is too short.
    """
    measured = times >= WARM_UP * times[-1]
    t, e = 1e-3 * times[measured], totals[measured]
    if len(t) < 20 or not np.isfinite(e).all():
        return float("nan"), float("nan")
    slope, offset = np.polyfit(t, e, 1)
    blocks = np.array_split(np.arange(len(t)), 5)
    rest = np.array([(e - slope * t - offset)[block].mean() for block in blocks])
    middles = np.array([t[block].mean() for block in blocks])
    spread = middles - middles.mean()
    return float(slope), float(np.sqrt((rest**2).sum() / 3 / (spread**2).sum()))


DRIFT = Drift()
