"""Runs LAMMPS and reads the table of times that the pair style prints."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
LINES = {
    "graph, s": "graph",
    "forward, s": "forward",
    "halo, s": "halo",
    "backward, s": "backward",
    "forces, s": "forces",
    "atoms/step": "atoms",
    "halo rows/step": "halo_rows",
    "pairs/step": "pairs",
}


@dataclasses.dataclass(frozen=True)
class Times:
    """One run: seconds of a step, and per rank (least, mean, most) seconds or counts of a step."""

    ranks: int
    step: float
    per_rank: dict[str, tuple[float, float, float]]

    def mean(self, name: str) -> float:
        """Mean over ranks."""
        return self.per_rank[name][1]


def run(folder: Path, deck: str, ranks: int) -> Times:
    """Run a deck of several runs; the fastest after the first counts."""
    return parse(_launch(folder, deck, ranks, ["-log", "none"]), ranks)


def run_apart(folder: Path, deck: str, copies: int) -> Times:
    """Run independent copies of a deck at once, one rank each.

    Their additional time over one copy is the machine's share: memory, caches, clock.
    """
    partition = ["-partition", f"{copies}x1", "-log", "part", "-screen", "none"]
    _launch(folder, deck, copies, partition)
    times = [parse((folder / f"part.{k}").read_text(), 1) for k in range(copies)]
    return max(times, key=lambda one: one.step)


def _launch(folder: Path, deck: str, ranks: int, arguments: list[str]) -> str:
    (folder / "in.deck").write_text(deck)
    cores = len(os.sched_getaffinity(0))
    bind = ["-bind-to", "core"] if 1 < ranks <= cores else []
    command = [str(BIN / "mpirun"), "-np", str(ranks), *bind, str(BIN / "lmp"), "-in", "in.deck"]
    done = subprocess.run(
        [*command, "-nocite", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode != 0:
        raise SystemExit(f"lmp failed on {ranks} ranks:\n{done.stdout[-2000:]}")
    return done.stdout


def parse(text: str, ranks: int) -> Times:
    """Read the times of the fastest run after the first: other work on the machine slows others."""
    runs = re.split(r"(?=Loop time of )", text)[2:]
    return min((_one(run, ranks) for run in runs), key=lambda times: times.step)


def _one(text: str, ranks: int) -> Times:
    loop = re.match(r"Loop time of (\S+) on \d+ procs for (\d+) steps", text)
    head = re.search(r"pair_style ipip: (\d+) evaluations? on", text)
    if loop is None or head is None:
        raise SystemExit(f"no times in the output of lmp:\n{text[-2000:]}")
    evaluations = int(head.group(1))
    per_rank = {}
    for line in text[head.start() :].splitlines():
        name = LINES.get(line[:16].strip())
        if name:
            scale = evaluations if line[:16].strip().endswith(", s") else 1
            least, mean, most = (float(v) / scale for v in line[16:].split()[:3])
            per_rank[name] = (least, mean, most)
    return Times(ranks, float(loop.group(1)) / int(loop.group(2)), per_rank)
