"""Reading the outcome of a run from the files in its folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.errors import InputError
from ipip.lammps.deck import distance_variable, type_pairs
from ipip.lammps.dump import read_dump
from ipip.lammps.units import units_on_screen
from ipip.lammps.verdict import RunFacts

_ERROR = re.compile(r"^ERROR(?: on proc \d+)?: (.*)$", re.M)
_LOCATION = re.compile(r"\s*\((?:src/|\.\./|/)?\S+:\d+\)\s*$")
_LOOP = re.compile(r"^Loop time of (\S+) on \d+ procs for (\d+) steps with (\d+) atoms", re.M)
_TIMESTEP = re.compile(r"^  Time step     : (\S+)", re.M)


def read_facts(
    folder: Path, *, steps: int, n_atoms: int, symbols: Sequence[str], return_code: int
) -> RunFacts:
    """Collect the facts of a run.

    Args:
        folder: in which LAMMPS ran.
        steps: requested MD steps.
        n_atoms: atoms at the start.
        symbols: element of each LAMMPS type.
        return_code: of the process.

    Returns:
        The facts; values that the run did not write are None.
    """
    screen = _text(folder / "screen.txt")
    log = _text(folder / "log.lammps") or screen
    end = read_end(folder / "end.txt")
    complete = end.get("complete") == 1.0
    error = _error(screen) or _error(log)
    timesteps = _TIMESTEP.findall(screen)
    seconds = timed = None
    loops = _LOOP.findall(log)
    if loops and complete:
        seconds, timed = float(loops[-1][0]), int(loops[-1][1])
    step = end.get("step")
    remaining = end.get("atoms_left")
    distances = {
        pair: end[name] for pair in type_pairs(symbols) if (name := distance_variable(pair)) in end
    }
    return RunFacts(
        steps=steps,
        n_atoms=n_atoms,
        return_code=return_code,
        started="Per MPI rank memory allocation" in log,
        complete=complete,
        error=error,
        step=int(step) if step is not None else _last_stored_step(folder),
        atoms_left=None if remaining is None else int(remaining),
        temperature=end.get("temperature"),
        energy=end.get("energy"),
        max_force=end.get("max_force"),
        distances=distances,
        energy_change=end.get("energy_change"),
        seconds=seconds,
        timed_steps=timed,
        energy_jump=end.get("energy_jump"),
        units=units_on_screen(screen),
        timestep=float(timesteps[-1]) if timesteps else None,
        max_uncertainty=end.get("max_uncertainty"),
    )


def read_end(path: Path) -> dict[str, float]:
    """Read the lines "name value" that the deck prints last; nan and inf are valid values."""
    values: dict[str, float] = {}
    for line in _text(path).splitlines():
        name, _, value = line.partition(" ")
        try:
            values[name] = float(value)
        except ValueError:
            continue
    return values


def read_progress(folder: Path) -> int:
    """Return the last step that a running deck reported; 0 before the first."""
    lines = _text(folder / "progress.txt").split()
    return int(lines[-1]) if lines and lines[-1].isdigit() else 0


def _error(text: str) -> str | None:
    match = _ERROR.search(text)
    return None if match is None else _LOCATION.sub("", match.group(1)).strip()


def _last_stored_step(folder: Path) -> int | None:
    """Return the largest step in the ring and the progress file of a run that ended early."""
    stored = [int(file.stem) for file in (folder / "ring").glob("*.dump") if file.stem.isdigit()]
    if (folder / "progress.txt").exists():
        stored.append(read_progress(folder))
    if not stored and (folder / "trajectory.dump").exists():
        try:
            stored += np.asarray(read_dump(folder / "trajectory.dump").steps()).tolist()
        except InputError:
            return None
    return max(stored, default=None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
