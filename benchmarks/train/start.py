"""Time of a small training before its first step: python -m benchmarks.train.start.

Runs `ipip train` on fifty frames of the Mo-S-O example in a separate process, to the end of the
first optimiser step, and prints CPU and wall time of each part; the smallest of several runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import add_record_option, record
from benchmarks.results import row
from benchmarks.train.batches import EXAMPLE
from rich.console import Console
from rich.table import Table

from ipip.config.data import DataKeys
from ipip.data import read_frames, write_frames

FRAMES = 50
SETTINGS = """\
data: [{path: frames.xyz}]
split: {valid: 0.1, test: 0.1}
"""

# Runs in a separate process. A part begins where the training enters it.
PROGRAM = """
import json, sys, time

marks = []

def mark(part):
    marks.append([part, time.process_time(), time.time()])

def marked(module, name, part):
    function = getattr(module, name)

    def call(*given, **named):
        result = function(*given, **named)
        mark(part)
        return result

    setattr(module, name, call)

mark("interpreter")
import torch
mark("import torch")
import ipip.cli.main, ipip.cli.train_plan, ipip.cli.error_table, ipip.train.run
from ipip.train.fitting import fit, module
mark("import the rest")
marked(ipip.train.run, "prepare", "read, split, check")
marked(ipip.cli.train_plan, "print_plan", "print the plan")
run_session = fit.run_session

def begun(*given, **named):
    mark("digests, energy scale")
    return run_session(*given, **named)

fit.run_session = begun
step = module.TrainingModule.training_step

def first(*given):
    step(*given)
    mark("first step")
    print(json.dumps(marks), file=sys.stderr)
    raise SystemExit

module.TrainingModule.training_step = first
ipip.cli.main.main(["train", sys.argv[1], "--dir", sys.argv[2]])
"""


def measure(folder: Path, run: int) -> dict[str, tuple[float, float]]:
    """Return CPU and wall seconds of each part of one start."""
    begun = time.time()
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder / "a.yaml"), str(folder / f"out-{run}")],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    lines = [line for line in ended.stderr.splitlines() if line.startswith("[[")]
    if not lines:
        raise SystemExit(f"the training did not start: {ended.stderr}")
    cpu, wall, parts = 0.0, begun, {}
    for part, cpu_now, wall_now in json.loads(lines[0]):
        parts[part] = (cpu_now - cpu, wall_now - wall)
        cpu, wall = cpu_now, wall_now
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train.start", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    add_record_option(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        keys = DataKeys(energy="REF_energy", forces="REF_forces")
        write_frames(folder / "frames.xyz", list(read_frames(EXAMPLE, keys))[:FRAMES])
        (folder / "a.yaml").write_text(SETTINGS)
        runs = [measure(folder, run) for run in range(given.runs)]
    table = Table(title=f"start of a training on {FRAMES} frames, least of {given.runs}")
    for column in ("part", "CPU, s", "wall, s"):
        table.add_column(column, justify="left" if column == "part" else "right")
    least = {part: [min(run[part][k] for run in runs) for k in (0, 1)] for part in runs[0]}
    least["all"] = [min(sum(part[k] for part in run.values()) for run in runs) for k in (0, 1)]
    for part, (cpu, wall) in least.items():
        table.add_row(part, f"{cpu:.2f}", f"{wall:.2f}")
    Console().print(table)
    if given.record:
        record(
            given.record,
            "train-start",
            [
                row({"part": part, "frames": FRAMES}, cpu_s=cpu, wall_s=wall)
                for part, (cpu, wall) in least.items()
            ],
            title=f"A training before the end of its first step, least of {given.runs}",
            command="python -m benchmarks.train.start",
            packages=("ipip", "torch"),
        )


if __name__ == "__main__":
    main()
