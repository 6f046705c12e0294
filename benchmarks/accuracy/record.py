"""Results of the benchmark for the site: means over seeds, one table for each set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from benchmarks.record import record
from benchmarks.results import Row

PREFIX = "accuracy-"  # of a result's name, before the set's
# Ends of the names of a test's figures.
ERROR, RMSE = "_force_mae_mev_per_a", "_force_rmse_mev_per_a"
RANGE = "_force_mae_half_range_mev_per_a"


def record_sets(machine: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write a result for each set.

    Args:
        machine: name of the subfolder.
        rows: of all jobs that are done.
    """
    for name in dict.fromkeys(row["set"] for row in rows):
        record(
            machine,
            f"{PREFIX}{name}",
            set_rows([row for row in rows if row["set"] == name]),
            title=f"Accuracy per cost: {name}, means over seeds and half of their range",
            command=f"python -m benchmarks.accuracy --set {name} --record NAME",
            packages=("ipip", "torch"),
        )


def set_rows(rows: Sequence[dict[str, Any]]) -> list[Row]:
    """Return a row for each network and budget of one set.

    Args:
        rows: of its jobs.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["case"], row["budget"]), []).append(row)
    made = []
    for (case, budget), own in groups.items():
        figures = {
            "us_per_atom": float(np.mean([row["us_per_atom"] for row in own])),
            "training_cpu_s": float(np.mean([row["training_s"] for row in own])),
            "steps": float(np.mean([row["steps"] for row in own])),
        }
        for test in own[0]["errors"]:
            for kind, end in (("mae", ERROR), ("rmse", RMSE)):
                values = [row["errors"][test][f"force_{kind}"] for row in own]
                figures[test + end] = float(np.mean(values))
                if kind == "mae" and len(values) > 1:
                    figures[test + RANGE] = float(np.ptp(values)) / 2
            values = [row["errors"][test]["energy_mae"] for row in own]
            figures[f"{test}_energy_mae_mev_per_atom"] = float(np.mean(values))
        sizes = {"network": case, "budget": budget, "seeds": len(own)}
        made.append(Row(sizes={**sizes, "parameters": own[0]["parameters"]}, figures=figures))
    return sorted(made, key=lambda row: (str(row.sizes["budget"]), row.figures["us_per_atom"]))
