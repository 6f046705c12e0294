"""Runs of LAMMPS: decks, and readers of their logs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DENSITY = 0.086  # atoms/Å^3, as benchmarks.pair's dense box

_BOX = """
units metal
atom_style atomic
atom_modify map yes
boundary p p p
lattice sc {length}
region box block 0 {nx} 0 {ny} 0 {nz}
create_box 3 box
create_atoms 3 box
set group all type/fraction 1 0.3333 11
set group all type/fraction 2 0.5 12
mass 1 95.95
mass 2 32.06
mass 3 15.999
displace_atoms all random 0.25 0.25 0.25 13 units box
neighbor 1.0 bin
neigh_modify every 1 delay 0 check yes
pair_style ipip device {device} {keywords}
pair_coeff * * {student} Mo S O
thermo_modify norm no
"""
_RUN = """
velocity all create 300 4928 mom yes rot no dist gaussian
fix 1 all nve
timestep 0.001
thermo {thermo}
thermo_style custom step etotal pe temp
run {warm} post no
run {steps}
"""
_ONE = """
dump 1 all custom 1 {dump} id fx fy fz
dump_modify 1 sort id format float %.17g
thermo_style custom step pe pxx pyy pzz
thermo_modify format float %.17g
run 0
"""


class DeckError(Exception):
    """A failed run of LAMMPS; the text has its last lines."""


def sides(n: int) -> tuple[int, int, int]:
    """Return sides of a block of about n lattice points, nearly a cube."""
    nx = max(1, round(n ** (1 / 3)))
    ny = max(1, round((n / nx) ** 0.5))
    return nx, ny, max(1, round(n / nx / ny))


def box(n: int, device: str, student: str, *, density: float = DENSITY, keywords: str = "") -> str:
    """Return the commands of a box of about n atoms."""
    nx, ny, nz = sides(n)
    path = ROOT / "students" / f"{student}.pt"
    length = (1 / density) ** (1 / 3)
    return _BOX.format(
        length=length, nx=nx, ny=ny, nz=nz, device=device, keywords=keywords, student=path
    )


def dynamics(steps: int, warm: int = 3, thermo: int = 1_000_000) -> str:
    """Return the commands of constant-energy MD."""
    return _RUN.format(steps=steps, warm=warm, thermo=thermo)


def one_step(dump: str) -> str:
    """Return the commands of one evaluation, whose forces go to a file."""
    return _ONE.format(dump=dump)


def run_deck(folder: Path, deck: str, *, ranks: int = 1, seconds: float = 120.0) -> str:
    """Run a deck and return the log.

    Raises:
        DeckError: LAMMPS failed, or exceeded its time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "in.deck").write_text(deck)
    lib = ROOT / "lib"
    environment = os.environ | {
        "LD_LIBRARY_PATH": str(lib),
        "LAMMPS_PLUGIN_PATH": str(ROOT / "ipip" / "plugin"),
        "OMP_NUM_THREADS": "1",
    }
    command = [str(ROOT / "bin" / "lmp"), "-in", "in.deck", "-screen", "none", "-log", "log"]
    if ranks > 1:
        command = [str(ROOT / "bin" / "mpiexec.hydra"), "-np", str(ranks), *command]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise DeckError(f"took longer than {seconds:.0f} s") from None
    log = (folder / "log").read_text() if (folder / "log").exists() else ""
    if process.returncode != 0 or "ERROR" in log:
        raise DeckError((output + log)[-1500:])
    return log


def times(log: str) -> dict[str, Any]:
    """Return the figures of a log's last run: atoms, seconds a step, and the pair style's share."""
    loop = re.findall(r"Loop time of (\S+) on \d+ procs for (\d+) steps with (\d+) atoms", log)[-1]
    pair = re.findall(r"^Pair\s*\|[^|]*\|\s*(\S+)\s*\|", log, re.MULTILINE)[-1]
    steps, atoms = int(loop[1]), int(loop[2])
    means = re.findall(r"^(\w+), s +\S+ +(\S+)", log, re.MULTILINE)  # the last run's stay
    return {
        "atoms": atoms,
        "steps": steps,
        "step_us_per_atom": float(loop[0]) / steps / atoms * 1e6,
        "pair_us_per_atom": float(pair) / steps / atoms * 1e6,
        "step_us": float(loop[0]) / steps * 1e6,
        "pair_us": float(pair) / steps * 1e6,
        "builds": _last_number(log, r"Neighbor list builds = (\d+)"),
        "phases_us": {name: float(mean) / steps * 1e6 for name, mean in means},
    }


def _last_number(log: str, pattern: str) -> int | None:
    found = re.findall(pattern, log)
    return int(found[-1]) if found else None


def forces(path: Path) -> list[list[float]]:
    """Return the rows of a dump of one frame: fx, fy, fz by ID."""
    lines = path.read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("ITEM: ATOMS")) + 1
    return [[float(word) for word in line.split()[1:]] for line in lines[first:]]


def thermo(log: str) -> list[list[float]]:
    """Return the numbers of all thermo lines of a log."""
    rows = []
    for line in log.splitlines():
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError:
            continue
    return [row for row in rows if len(row) >= 4]


class GpuMemory:
    """Peak GPU memory within a `with`, above the use before, MiB."""

    def __init__(self) -> None:
        self.most: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> GpuMemory:
        self._before = self._used()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @staticmethod
    def _used() -> float | None:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
            return float(done.stdout.split()[0])
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            return None

    def _watch(self) -> None:
        while not self._stop.is_set():
            used = self._used()
            if used is None or self._before is None:
                return
            self.most = max(self.most or 0.0, used - self._before)
            time.sleep(0.2)
