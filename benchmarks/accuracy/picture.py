"""Table, JSON and picture of the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.table import Table

Rows = list[dict[str, Any]]


def show(rows: Rows) -> None:
    """Print one row for each job: force MAE and RMSE of each test."""
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        table = Table(title=f"{name}: force MAE / RMSE, meV/Å (energy MAE, meV/atom)")
        for column in ("network", "seed"):
            table.add_column(column)
        for column in ("training, s", "µs/atom", *own[0]["errors"]):
            table.add_column(column, justify="right")
        for row in own:
            errors = [
                f"{e['force_mae']:.1f} / {e['force_rmse']:.1f} ({e['energy_mae']:.2f})"
                for e in row["errors"].values()
            ]
            times = f"{row['training_s']:.0f}", f"{row['us_per_atom']:.1f}"
            table.add_row(row["case"], str(row["seed"]), *times, *errors)
        Console(width=150).print(table)


def write(folder: Path, results: dict[str, Any]) -> None:
    """Write results.json and accuracy.png: force MAE against time a step and time of training."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    rows: Rows = results["rows"]
    panels = [
        (name, test)
        for name in dict.fromkeys(row["set"] for row in rows)
        for test in next(row for row in rows if row["set"] == name)["errors"]
    ]
    figure, axes = plt.subplots(
        len(panels), 2, figsize=(9.0, 3.0 * len(panels)), squeeze=False, layout="constrained"
    )
    cases = list(dict.fromkeys(row["case"] for row in rows))
    colours = dict(zip(cases, plt.colormaps["tab20"](np.arange(len(cases)) % 20), strict=True))
    for (name, test), (by_step, by_training) in zip(panels, axes, strict=True):
        own = [row for row in rows if row["set"] == name]
        for axis, cost, label in (
            (by_step, "us_per_atom", "µs per atom and step"),
            (by_training, "training_s", "training, CPU s"),
        ):
            for case in cases:
                points = sorted(
                    (row[cost], row["errors"][test]["force_mae"])
                    for row in own
                    if row["case"] == case
                )
                if points:
                    x, y = zip(*points, strict=True)
                    axis.plot(x, y, "o", ms=5, color=colours[case], label=case)
            axis.set(xscale="log", yscale="log", xlabel=label, ylabel="force MAE, meV/Å")
            axis.set_title(f"{name}: {test}", fontsize=9)
            axis.spines[["top", "right"]].set_visible(False)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(folder / "accuracy.png", dpi=130)
    plt.close(figure)
