"""How the ``lmp`` of this environment is started: bound to this process, one thread."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from ipip import lmp

# What MPICH, Open MPI and torchrun set for the processes that they start.
LAUNCHER = ("PMI_", "PMIX_", "HYDI_", "HYDRA_", "MPI_LOCAL", "OMPI_", "TORCHELASTIC_")
TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def lammps_command(*arguments: str) -> list[str]:
    """Return the command that runs LAMMPS with these arguments and ends with this process."""
    return [sys.executable, os.path.abspath(lmp.__file__), "--parent", str(os.getpid()), *arguments]


def without_launcher(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what a launcher of MPI ranks or torchrun sets for its own.

    A program that finds these variables takes itself for one of the launcher's processes. A
    scheduler's own (SLURM_*) stay: `srun` needs them.
    """
    return {
        k: v for k, v in environment.items() if not k.startswith(LAUNCHER) and k not in TORCHRUN
    }


def lammps_environment() -> dict[str, str]:
    """Return the caller's environment, one thread, and nothing of an MPI run around the caller."""
    environment = without_launcher(os.environ)
    for name in ("OMP", "MKL", "OPENBLAS"):
        environment[f"{name}_NUM_THREADS"] = "1"
    return environment
