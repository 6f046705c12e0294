"""Outcomes of runs with a changing temperature or volume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ase import Atoms

from ipip.physics.check import PhysicsCheck
from ipip.physics.dynamics import Moment
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, points

DRAWN = 200


def ramped(
    check: PhysicsCheck,
    structures: Sequence[Atoms],
    runs: Sequence[Iterable[Moment]],
    steps: int,
    driven: Callable[[float], float],
    reached: str,
    unit: str,
) -> Outcome:
    """Return the outcome of a check that holds if all runs reach their end.

    Args:
        check: the check.
        structures: starts of the runs.
        runs: of them, in order.
        steps: planned for each, of 1 fs.
        driven: the changing quantity, as a function of the fraction of the run.
        reached: name of the measure of the value reached.
        unit: of it.
    """
    ends, curves, note = [], [], ""
    for name, run in zip(numbered(structures), runs, strict=True):
        moments = list(run)
        last = moments[-1]
        ends.append((last.time / steps, name))
        if last.broken:
            at = driven(last.time / steps)
            note = (
                note or f"{name} failed after {last.time:.0f} fs, at {at:.3g} {unit}: {last.broken}"
            )
        every = max(1, len(moments) // DRAWN)
        x = [driven(moment.time / steps) for moment in moments[::every]]
        curves.append(Curve(name, *points(x, [m.temperature for m in moments[::every]])))  # type: ignore[arg-type]
    part, name = min(ends)
    failed = 0 if not note else sum(end < 1.0 for end, _ in ends) or 1
    return check.found(
        measures=(
            Measure("failed runs", failed, "", 0, place=name if failed else ""),
            Measure(reached, driven(part), unit, place=name),
            Measure("runs", len(ends)),
        ),
        pictures=(
            Picture(
                "Temperature of the runs; a line ends where its run failed.",
                f"target {reached.split()[0]} ({unit})",
                "temperature (K)",
                tuple(curves),
            ),
        ),
        note=note,
    )
