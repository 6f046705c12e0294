"""Start of the ``lmp`` of this environment: bound to this process, one thread."""

from __future__ import annotations

import os
import sys

from ipip import lmp
from ipip.launchers import without_launcher


def lammps_command(*arguments: str) -> list[str]:
    """Return the command that runs LAMMPS with these arguments and ends with this process."""
    return [sys.executable, os.path.abspath(lmp.__file__), "--parent", str(os.getpid()), *arguments]


def lammps_environment() -> dict[str, str]:
    """Return the environment with one thread and without variables of a surrounding MPI run."""
    environment = without_launcher(os.environ)
    for name in ("OMP", "MKL", "OPENBLAS"):
        environment[f"{name}_NUM_THREADS"] = "1"
    return environment
