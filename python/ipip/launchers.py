"""Environment variables that launchers (mpirun, srun, torchrun) set for their processes.

Imports only the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping

# Prefixes of the variables of MPICH, Open MPI and torchrun.
PREFIXES = ("PMI_", "PMIX_", "HYDI_", "HYDRA_", "MPI_LOCAL", "OMPI_", "TORCHELASTIC_")
TORCHRUN_SIZES = ("WORLD_SIZE", "LOCAL_WORLD_SIZE")
TORCHRUN_PLACE = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")  # by MPICH, Open MPI, srun


def without_launcher(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables of launchers of MPI ranks and of torchrun.

    A program that sees these variables assumes that it is one of the launcher's processes. The
    variables of the scheduler (SLURM_*) stay: `srun` needs them.
    """
    torchrun = (*TORCHRUN_SIZES, *TORCHRUN_PLACE)
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(PREFIXES) and name not in torchrun
    }


def started_together(environment: Mapping[str, str]) -> int:
    """Return how many processes a launcher of MPI ranks has started, 1 without a launcher."""
    sizes = [environment.get(name, "") for name in SIZES]
    return max((int(size) for size in sizes if size.isdigit()), default=1)
