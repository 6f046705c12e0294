"""Units and time step of a dump, from the dump or the folder of its student's run."""

from __future__ import annotations

from pathlib import Path

from ipip.lammps.dump_files import stated_units
from ipip.lammps.run_record import RUN_FILE
from ipip.lammps.timestep import agreed_timestep
from ipip.lammps.trajectory import RunTrajectory
from ipip.lammps.units import agreed_units, units_of_run


def run_folder_of(dump: Path) -> Path | None:
    """Return the folder of the student's run that a dump belongs to, or None."""
    folder = dump.parent.parent if dump.parent.name == "ring" else dump.parent
    return folder if (folder / RUN_FILE).is_file() else None


def units_of_dump(dump: Path, given: str | None) -> str | None:
    """Return the units of a dump: stated in it, of its run's deck, or given.

    Raises:
        InputError: two of these differ, or the dump cannot be read.
    """
    run = run_folder_of(dump)
    stated = agreed_units(f"dump {dump}", stated_units(dump), given)
    return agreed_units(f"the deck of {run}", None if run is None else units_of_run(run), stated)


def timestep_of_run(dump: Path, given: float | None) -> float | None:
    """Return the time step (fs) of a dump: of its run's folder, or given.

    Raises:
        InputError: these differ.
    """
    run = run_folder_of(dump)
    stated = None if run is None else RunTrajectory(run).timestep
    return agreed_timestep(f"the run of {dump}", stated, given)
