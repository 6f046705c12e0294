"""Compares ways to predict where a student is wrong, on frames that it has never seen.

python -m benchmarks.uncertainty --dir runs/uncertainty [--mos2 frames.xyz]
python -m benchmarks.uncertainty --dir runs/uncertainty --run RUN [--run RUN]

Students are small and trained for a minute each. Every score is calibrated on validation frames and
judged on test frames of other trajectories. Each seed splits the trajectories differently and
trains from other weights; the table has the mean over seeds and its 95 % interval (t, of the seeds
alone). Writes uncertainty.json there. With --run it judges a run's students instead, on the frames
that its rounds harvested, against the teacher, and writes harvested.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.uncertainty.cases import Case, cases, cases_of_run, train_students
from benchmarks.uncertainty.heads import train_heads
from benchmarks.uncertainty.methods import describe, methods
from benchmarks.uncertainty.statistics import SHOWN, mean_and_reach
from rich.console import Console
from rich.table import Table

from ipip.evaluation.expected_errors import true_errors
from ipip.evaluation.students import open_student
from ipip.uncertainty import fit_calibration, reliability
from ipip.uncertainty.reliability import rank_correlation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, dest="folder", help="output folder")
    parser.add_argument("--mos2", type=Path, help="frames of a MoS2 monolayer, two runs")
    parser.add_argument("--committee", type=int, default=3, help="students of a committee (3)")
    parser.add_argument("--heads", type=int, default=4, help="readouts on one body (4; 0: none)")
    parser.add_argument("--seeds", type=int, default=3, help="splits and trainings (3)")
    parser.add_argument("--epochs", type=int, default=60, help="epochs of each training (60)")
    parser.add_argument("--channels", type=int, default=48, help="width of the students (48)")
    parser.add_argument("--run", type=Path, action="append", help="run folder; may be repeated")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.run:
        judge_runs(options.run, options.folder)
        return
    results: dict[str, list[dict[str, Any]]] = {}
    for seed in range(options.seeds):
        for number, case in enumerate(cases(options.mos2, seed)):
            seeds = [10 * seed + member for member in range(options.committee)]
            folder = options.folder / f"seed_{seed}" / f"case_{number}"
            paths = train_students(case, folder, seeds, options.epochs, options.channels)
            heads = train_heads(
                paths[0],
                case.train,
                case.valid,
                folder,
                count=options.heads,
                epochs=options.epochs,
            )
            results.setdefault(case.name, []).append(judge(case, paths, heads))
    for judged in results.values():
        show(judged)
    text = json.dumps({"epochs": options.epochs, "channels": options.channels, "cases": results})
    (options.folder / "uncertainty.json").write_text(text + "\n")


def judge_runs(runs: Sequence[Path], folder: Path) -> None:
    """Judge the harvests of runs; one table has the same round of several runs."""
    results: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        for case, student in cases_of_run(run):
            results.setdefault(case.name, []).append(judge(case, [student], []))
    for judged in results.values():
        show(judged, "runs")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "harvested.json").write_text(json.dumps({"cases": results}) + "\n")


def judge(case: Case, paths: list[Path], heads: list[Path]) -> dict[str, Any]:
    """Return the figures of each method on a case, for a student, its committee and its heads."""
    student, metadata = open_student(paths[0])
    training, valid, test = (describe(student, f) for f in (case.train, case.valid, case.test))
    valid_errors, test_errors = true_errors(student, case.valid), true_errors(student, case.test)
    ends = np.cumsum([len(frame) for frame in case.test])[:-1]
    of_frames = np.array([part.mean() for part in np.split(test_errors, ends)])
    rows = []
    for name, (cost, score) in methods(paths, heads, student, training).items():
        start = time.process_time()
        raw = score(test)
        seconds = time.process_time() - start
        fitted = fit_calibration(score(valid), valid_errors, valid.species, len(metadata.symbols))
        expected = fitted.expected(raw, test.species)
        measured = reliability(
            expected, test_errors, factor=fitted.factor, quantile=fitted.quantile
        )
        largest = np.array([part.max() for part in np.split(expected, ends)])
        rows.append(
            {
                "method": name,
                "cost": cost,
                "us_per_atom_in_python": 1e6 * seconds / len(raw),
                "rank_correlation_raw": rank_correlation(raw, test_errors),
                "rank_correlation_frames": rank_correlation(largest, of_frames),
                "mean_expected_ev_per_a": float(expected.mean()),
                **measured.as_dict(),
            }
        )
    return {
        "case": case.name,
        "frames": [len(case.train), len(case.valid), len(case.test)],
        "test_atoms": len(test_errors),
        "mean_error_ev_per_a": float(test_errors.mean()),
        "methods": rows,
    }


def show(judged: Sequence[dict[str, Any]], what: str = "seeds") -> None:
    """Print the table of a case, over its seeds or runs."""
    errors = mean_and_reach([result["mean_error_ev_per_a"] for result in judged], 3)
    title = f"{judged[0]['case']}: {len(judged)} {what}, mean error {errors} eV/Å"
    table = Table(title=title, title_justify="left")
    for name in ("method", "cost", *SHOWN):
        table.add_column(name)
    for rows in zip(*(result["methods"] for result in judged), strict=True):
        cells = [
            mean_and_reach([row[key] for row in rows], digits) for key, digits in SHOWN.values()
        ]
        table.add_row(rows[0]["method"], rows[0]["cost"], *cells)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
