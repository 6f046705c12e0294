"""The time step of the MD that wrote a dump, if the dump has times."""

from __future__ import annotations

from collections.abc import Iterable

from ipip.errors import InputError
from ipip.lammps.dump_frame import DumpFrame

TOLERANCE = 1e-6  # relative; times are written with all their digits


def timestep_of(frames: Iterable[DumpFrame]) -> float | None:
    """Return the time step (fs) from the first two frames; None without times."""
    first, second = [*frames, None, None][:2]
    if first is None or second is None or first.time is None or second.time is None:
        return None
    steps = second.step - first.step
    return (second.time - first.time) / steps if steps > 0 and second.time > first.time else None


def agreed_timestep(where: str, stated: float | None, given: float | None) -> float | None:
    """Return the time step (fs) of a dump or its run, or the given one; None without either.

    Raises:
        InputError: they differ.
    """
    if stated is not None and given is not None and abs(stated - given) > TOLERANCE * stated:
        raise InputError(
            f"{where} has a time step of {stated:g} fs, but {given:g} fs was given: leave "
            "--timestep (`timestep`) out"
        )
    return stated if stated is not None else given


def keeps_timestep(first: DumpFrame, frame: DumpFrame, timestep: float) -> bool:
    """Return whether the time between two frames equals their steps times the time step.

    Args:
        first: an earlier frame of the run.
        frame: a later one.
        timestep: fs.
    """
    if first.time is None or frame.time is None:
        return True
    expected = (frame.step - first.step) * timestep
    return abs(frame.time - first.time - expected) <= TOLERANCE * abs(expected)
