"""Memory of each rank over thousands of steps of a hot gas whose atoms migrate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.ranks.cases import SYMBOLS

BIN = Path(sys.executable).parent


def hot_deck(data: str, model: str, keywords: str) -> str:
    """Return a deck of motion without a run: neighbour lists every few steps, atoms migrate."""
    return (
        f"units metal\nboundary p p p\nread_data {data}\n"
        f"pair_style hybrid/overlay ipip {keywords} zbl 1.5 2.5\n"
        f"pair_coeff * * ipip {model} {' '.join(SYMBOLS)}\n"
        "pair_coeff 1 1 zbl 42 42\npair_coeff 2 2 zbl 16 16\npair_coeff 3 3 zbl 8 8\n"
        "neighbor 0.4 bin\nneigh_modify every 1 delay 0 check yes\n"
        "minimize 0 0.5 20 40\nreset_timestep 0\n"
        "velocity all create 2000 5 loop geom\ntimestep 0.0002\nfix 1 all nve\n"
        "fix 2 all langevin 2000 2000 0.02 4711\nthermo 1000000\n"
    )


def resident_memory(folder: Path, deck: str, block: int, blocks: int, ranks: int) -> dict[str, Any]:
    """Run `blocks` blocks of `block` steps; return steps and MiB of each rank after each block."""
    (folder / "in.memory").write_text(deck)
    script = Path(__file__).with_name("memory_steps.py")
    done = subprocess.run(
        [
            str(BIN / "mpirun"),
            "-np",
            str(ranks),
            sys.executable,
            str(script),
            "in.memory",
            str(block),
            str(blocks),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "LD_LIBRARY_PATH": str(BIN.parent / "lib"),  # the MPI library
        },
    )
    if done.returncode != 0:
        raise SystemExit(f"the memory run failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def growth(result: dict[str, Any]) -> float:
    """Largest growth of a rank from a fifth of the run to its end, MiB: means of blocks."""
    memory = np.array(result["resident_mib"])
    n = len(memory)
    start = memory[n // 5 : n // 5 + max(n // 10, 1)].mean(axis=0)
    end = memory[-max(n // 10, 1) :].mean(axis=0)
    return float((end - start).max())
