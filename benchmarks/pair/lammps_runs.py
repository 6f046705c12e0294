"""Decks that time pair styles one after the other in one LAMMPS process."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.lammps.geometry import lammps_box, write_data
from ipip.lammps.process import lammps_command, lammps_environment

MPIRUN = Path(sys.executable).parent / "mpirun"

_SEGMENT = """
clear
units metal
atom_style atomic
boundary {boundary}
read_data {data}
{pair}
neighbor 1.0 bin
neigh_modify every 1 delay 0 check yes
velocity all create {temperature} 4928 mom yes rot yes dist gaussian
fix 1 all nve
timestep 0.001
thermo 1000000
run {warm} post no
print "segment {label}"
run {steps}
"""


@dataclasses.dataclass(frozen=True)
class Style:
    """A timed segment.

    Attributes:
        label: a name without spaces.
        pair: the pair_style and pair_coeff commands.
        steps: timed MD steps.
        warm: steps before these.
    """

    label: str
    pair: str
    steps: int
    warm: int = 2


@dataclasses.dataclass(frozen=True)
class Timing:
    """The times of a segment.

    Attributes:
        step: s per step, whole loop.
        pair: s per step in the pair style.
        phases: s per step by phase of pair_style ipip (graph, forward, halo, backward).
        halo_rows: mean over ranks; 0 for other styles.
        cpu: s of CPU time per step, whole loop: without time that other programs take on the core.
    """

    step: float
    pair: float
    phases: dict[str, float]
    halo_rows: float
    cpu: float


def ipip_style(
    label: str, model: Path, steps: int, *, backend: str = "kernels", also: str = "", **more: object
) -> Style:
    """Return the style of a student for the types Mo, S, O, with other commands (`also`)."""
    options = " ".join(f"{key} {value}" for key, value in more.items())
    return Style(
        label,
        f"pair_style ipip backend {backend} {options}\n"
        f"pair_coeff * * {model.resolve()} Mo S O{also}",
        steps,
    )


def time_styles(
    folder: Path,
    frame: Frame,
    styles: Sequence[Style],
    *,
    ranks: int = 1,
    temperature: float = 300.0,
    symbols: Sequence[str] = ("Mo", "S", "O"),
    command: Sequence[str] | None = None,
) -> tuple[dict[str, Timing], float]:
    """Run styles one after the other on one box.

    A repeated label is measured again, and its fastest segment counts: by CPU time on one
    rank, where other programs may share the core.

    Returns:
        Timing by label, and the process's peak memory in bytes (one rank).

    Raises:
        IpipError: LAMMPS failed; the message has its output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    box = lammps_box(frame)
    write_data(folder / "start.data", frame, symbols, box)
    deck = "".join(
        _SEGMENT.format(
            boundary=box.boundary,
            data="start.data",
            temperature=temperature,
            pair=style.pair,
            warm=style.warm,
            steps=style.steps,
            label=style.label,
        )
        for style in styles
    )
    (folder / "in.lammps").write_text(deck)
    arguments = ("-in", "in.lammps", "-log", "none", "-nocite")
    line = [*command, *arguments] if command else lammps_command(*arguments)
    if ranks > 1:
        line = [str(MPIRUN), "-np", str(ranks), str(MPIRUN.with_name("lmp")), *arguments]
    with (folder / "screen.txt").open("w") as screen:
        process = subprocess.Popen(
            line, cwd=folder, stdout=screen, stderr=subprocess.STDOUT, env=lammps_environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    text = (folder / "screen.txt").read_text()
    if process.returncode != 0 or "ERROR" in text:
        start = max(text.find("ERROR"), 0)
        raise IpipError(f"LAMMPS failed in {folder}: {text[start:][:400] or process.returncode}")
    return _parse(text), usage.ru_maxrss * 1024.0


def _parse(text: str) -> dict[str, Timing]:
    found: dict[str, Timing] = {}
    for part in re.split(r"^segment ", text, flags=re.MULTILINE)[1:]:
        label = part.split(None, 1)[0]
        loop, ranks, steps = re.findall(r"Loop time of (\S+) on (\d+) procs for (\d+) ", part)[0]
        n = int(steps)
        pair = re.findall(r"^Pair +\|[^|]*\| (\S+) +\|", part, flags=re.MULTILINE)
        table = part.split("MPI task timing", 1)[0]
        phases = {
            name: float(mean) / (n + 1)  # the run's setup evaluates once more
            for name, mean in re.findall(r"^(\w+), s +\S+ +(\S+)", table, flags=re.MULTILINE)
        }
        rows = re.findall(r"^halo rows/step +\S+ +(\S+)", part, flags=re.MULTILINE)
        busy = float(re.findall(r"^([\d.]+)% CPU use", part, flags=re.MULTILINE)[0]) / 100.0
        step, halo_rows = float(loop) / n, float(rows[0]) if rows else 0.0
        timing = Timing(step, float(pair[0]) / n, phases, halo_rows, busy * step)
        fastest = "cpu" if ranks == "1" else "step"
        if label not in found or getattr(timing, fastest) < getattr(found[label], fastest):
            found[label] = timing
    return found
