"""What launchers of processes (mpirun, srun, torchrun) set in the environment of each of them.

Imports nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping

# Beginnings of what MPICH, Open MPI and torchrun set.
PREFIXES = ("PMI_", "PMIX_", "HYDI_", "HYDRA_", "MPI_LOCAL", "OMPI_", "TORCHELASTIC_")
TORCHRUN_SIZES = ("WORLD_SIZE", "LOCAL_WORLD_SIZE")
TORCHRUN_PLACE = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")  # by MPICH, Open MPI, srun


def without_launcher(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what a launcher of MPI ranks or torchrun sets for its own.

    A program that finds these variables takes itself for one of the launcher's processes. A
    scheduler's own (SLURM_*) stay: `srun` needs them.
    """
    torchrun = (*TORCHRUN_SIZES, *TORCHRUN_PLACE)
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(PREFIXES) and name not in torchrun
    }


def started_together(environment: Mapping[str, str]) -> int:
    """Return how many processes a launcher of MPI ranks has started, 1 where there is none."""
    sizes = [environment.get(name, "") for name in SIZES]
    return max((int(size) for size in sizes if size.isdigit()), default=1)
