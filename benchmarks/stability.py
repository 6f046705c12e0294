"""What a run of the paper's stability protocol costs: python -m benchmarks.stability STUDENT.

Runs the protocol of examples/mo-s-o/stability.yaml (8 096 atoms, minimised, all guards) for few
steps on one core, on an idle machine, and reads its times from LAMMPS' log.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.record import add_record_option, record
from benchmarks.results import row

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = ROOT / "examples" / "mo-s-o" / "stability.yaml"
PAPER_STEPS, PAPER_RUNS, MS_PER_HOUR = 50_000, 100, 3.6e6


def measure(student: Path, steps: int, folder: Path) -> dict[str, float]:
    """Run once; return the cost of the minimisation and of a step, and hours for the whole.

    Args:
        student: student file (.pt) for Mo, S and O.
        steps: MD steps of the run.
        folder: for its files.
    """
    ipip = Path(sys.executable).with_name("ipip")
    command = [
        ipip,
        "stability",
        student.resolve(),
        "--config",
        PROTOCOL,
        "--dir",
        folder,
        "--quiet",
    ]
    command += ["--runs", "1", "--steps", str(steps), "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"the protocol failed: {done.stdout}{done.stderr}")
    (log,) = folder.glob("runs/*/run_000/log*")
    return figures(log.read_text(encoding="utf-8", errors="replace"))


def figures(log: str) -> dict[str, float]:
    """Return the figures of a log.

    Args:
        log: text of LAMMPS, with a minimisation and a run.

    Raises:
        ValueError: it lacks one of them.
    """
    loops = re.findall(
        r"^Loop time of (\S+) on \d+ procs for (\d+) steps with (\d+) atoms", log, re.M
    )
    evaluations = re.search(r"Iterations, force evaluations = \d+ (\d+)", log)
    if len(loops) < 2 or evaluations is None:
        raise ValueError(f"expected a minimisation and a run in the log; loops are {loops}")
    (minimum_s, _, _), (run_s, steps, atoms) = loops[0], loops[-1]
    step_ms = 1e3 * float(run_s) / int(steps)
    run_h = (step_ms * PAPER_STEPS + 1e3 * float(minimum_s)) / MS_PER_HOUR
    return {
        "step_ms": step_ms,
        "us_per_atom_step": 1e3 * step_ms / int(atoms),
        "minimisation_s": float(minimum_s),
        "evaluations_of_minimisation": float(evaluations[1]),
        "a_whole_run_h": run_h,
        "all_100_runs_on_one_core_h": PAPER_RUNS * run_h,
    }


def show(measured: Mapping[str, float]) -> None:
    """Print the figures."""
    for name, value in measured.items():
        print(f"{name:32} {value:10.4g}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stability", description=__doc__)
    parser.add_argument("student", type=Path, help="of the quick example: RUN/best/student.pt")
    parser.add_argument("--steps", type=int, default=300)
    add_record_option(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stability-") as scratch:
        measured = measure(given.student, given.steps, Path(scratch) / "runs")
    show(measured)
    if given.record:
        record(
            given.record,
            "stability",
            [row({"atoms": 8096, "steps": given.steps}, **measured)],
            title="The paper's stability protocol on one core (wall time of an idle machine)",
            command="python -m benchmarks.stability runs/quick/best/student.pt",
            packages=("ipip", "lammps"),
        )


if __name__ == "__main__":
    main()
