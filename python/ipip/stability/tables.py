"""Tables of a stability protocol."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from ipip.lammps import StudentRun, Verdict
from ipip.stability.results import ModelStability
from ipip.storage.atomic import write_text


def write_runs(
    path: Path,
    jobs: Mapping[str, Sequence[StudentRun]],
    verdicts: Mapping[str, Sequence[Verdict]],
    timestep: float,
) -> None:
    """Write a row for each run.

    Args:
        path: of the table.
        jobs: of each model.
        verdicts: of each model, in the order of the jobs.
        timestep: fs.
    """
    header = (
        "model", "run", "seed", "state", "reason", "step", "time_ps", "steps", "value", "bound",
        "pair", "us_per_atom_step", "message",
    )  # fmt: skip
    rows = [
        (
            name, run, job.seed, v.state, v.reason, v.step,
            None if v.step is None else f"{v.step * timestep / 1000:.10g}", v.steps, v.value,
            v.bound, "-".join(v.pair or ()), v.us_per_atom_step, v.message,
        )
        for name in jobs
        for run, (job, v) in enumerate(zip(jobs[name], verdicts[name], strict=True))
    ]  # fmt: skip
    _write(path, header, rows)


def write_survival(path: Path, models: Sequence[ModelStability], timestep: float) -> None:
    """Write the survival curves; each value is valid until the next row.

    Args:
        path: of the table.
        models: with their curves.
        timestep: fs.
    """
    header = ("model", "step", "time_ps", "at_risk", "failed", "survival", "low95", "high95")
    rows = [
        (model.name, step, f"{step * timestep / 1000:.10g}", *values)
        for model in models
        if (curve := model.survival) is not None
        for step, *values in zip(
            curve.steps,
            curve.at_risk,
            curve.failed,
            curve.survival,
            curve.low,
            curve.high,
            strict=True,
        )
    ]
    _write(path, header, rows)


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())
