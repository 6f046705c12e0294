"""A run of a deck with `pair_style ipip`, on one rank and on two."""

from __future__ import annotations

import math
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from ipip.bound import bound_command
from ipip.doctor.finding import Finding
from ipip.doctor.trial import SMALL_STUDENT, last_line, try_command
from ipip.launchers import without_launcher

# An untrained student of O and H, whose file has no program: only kernels run it.
_DECK = """\
units metal
atom_style atomic
region box block 0 8 0 8 0 8
create_box 2 box
create_atoms 1 single 2.0 2.0 2.0
create_atoms 2 single 2.9 2.0 2.0
create_atoms 2 single 6.0 6.0 6.0
mass 1 15.999
mass 2 1.008
pair_style ipip device auto share yes
pair_coeff * * student.pt O H
thermo_style custom step pe
run 1
"""
_LINE = "ipip student "  # the pair style's line in the log
_FRAMED = re.compile(r"^-{20,}\n+(.+)", re.MULTILINE)  # Open MPI's messages begin with the reason
_GRID = re.compile(r"(\d+) by (\d+) by (\d+) MPI processor grid")


def check_decks(folder: Path) -> list[Finding]:
    """Run a deck of three atoms with an untrained student on one rank and on two."""
    with tempfile.TemporaryDirectory(prefix="ipip-doctor-") as name:
        trial = Path(name)
        shutil.copy(SMALL_STUDENT, trial)
        (trial / "in.deck").write_text(_DECK, encoding="utf-8")
        return [_one_rank(trial), *_two_ranks(trial)]


def _one_rank(trial: Path) -> Finding:
    status, output = _run([], trial)
    if status != 0:
        return Finding("deck, 1 rank", "fault", _failure(output), "see the lines above it")
    version = next((line for line in output.splitlines() if line.startswith("LAMMPS (")), "LAMMPS")
    own = next((line for line in output.splitlines() if line.startswith(_LINE)), "")
    backend = own.rsplit("; ", 1)[-1].split(", tables", 1)[0]
    return Finding("deck, 1 rank", "good", f"{version}, evaluated by {backend}")


def _two_ranks(trial: Path) -> list[Finding]:
    mpirun = shutil.which("mpirun") or shutil.which("mpirun", path=str(Path(sys.executable).parent))
    if mpirun is None:
        return []  # the check of MPI reports it
    status, output = _run([mpirun, "-n", "2"], trial)
    if status != 0:
        return [Finding("deck, 2 ranks", "fault", _failure(output), "see the line `mpirun`")]
    grid = _GRID.search(output)
    if grid is None or math.prod(int(ranks) for ranks in grid.groups()) != 2:
        return [
            Finding(
                "deck, 2 ranks",
                "fault",
                f"{mpirun} started two runs of one rank each, not one of two",
                "use the mpirun of the MPI that LAMMPS was built with (see the line `mpirun`)",
            )
        ]
    return [Finding("deck, 2 ranks", "good", "one run on two ranks")]


def _run(launcher: list[str], trial: Path) -> tuple[int, str]:
    """Run the deck with the `lmp` of this environment, which ends with its launcher."""
    lmp = [sys.executable, "-m", "ipip.lmp", "-in", "in.deck", "-log", "none", "-nocite"]
    environment = without_launcher(os.environ) | {"OMP_NUM_THREADS": "1"}
    return try_command(bound_command(*launcher, *lmp), folder=trial, environment=environment)


def _failure(output: str) -> str:
    errors = [line.strip() for line in output.splitlines() if line.startswith("ERROR")]
    framed = _FRAMED.search(output)
    return errors[0] if errors else framed[1] if framed else last_line(output)
