"""The table of biased runs, and their figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from benchmarks.bias.rows import best_bias, rate_text
from rich.console import Console
from rich.table import Table

matplotlib.use("Agg")
import matplotlib.pyplot as plt

Results = dict[str, list[dict[str, Any]]]
COLUMNS = (
    "bias A (eV), B",
    "largest score",
    "expected, eV/Å",
    "of a physical frame",
    "error there, eV/Å",
    "runs beyond plain",
    "first after",
    "physical",
    "stopped",
)


def show(results: Results) -> None:
    """Print a table for each system and temperature."""
    for name, rows in results.items():
        for kelvin in dict.fromkeys(_compared(row) for row in rows):
            own = [row for row in rows if _compared(row) == kelvin]
            table = Table(title=f"{name}, {kelvin:g} K", title_justify="left")
            for column in COLUMNS:
                table.add_column(column)
            for row in own:
                table.add_row(*_cells(row, kelvin))
            Console(width=150).print(table)


def _compared(row: dict[str, Any]) -> float:
    return float(row.get("compared_with_k", row["kelvin"]))


def _cells(row: dict[str, Any], kelvin: float) -> list[str]:
    figures = row["summary"]
    what = "plain" if row["bias"] is None else f"{row['bias'][0]:g}, {row['bias'][1]:g}"
    if row["kelvin"] != kelvin:
        what += f", {row['kelvin']:g} K"
    first, error = figures["median_first_step"], figures["mean_largest_error_there_ev_per_a"]
    return [
        f"{what}, {row['steps']} steps",
        _of(figures["largest_score"]),
        _of(figures["largest_expected_ev_per_a"]),
        _of(figures["largest_physical_score"]),
        "" if error is None else f"{error:.1f}",
        rate_text(figures["new_and_physical"]),
        "" if first is None else f"{first:.0f}",
        rate_text(figures["physical"]),
        f"{figures['stopped']} of {figures['runs']}",
    ]


def _of(values: list[float]) -> str:
    mean, low, high = values
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def draw(results: Results, path: Path) -> None:
    """Draw the largest score reached over steps; mean of the runs of each condition."""
    figure, axes = plt.subplots(
        1, len(results), figsize=(5.2 * len(results), 3.8), layout="constrained", squeeze=False
    )
    for axis, (name, rows) in zip(axes[0], results.items(), strict=True):
        main = rows[0]["kelvin"]
        swept = [row for row in rows if row["kelvin"] == main and row["bias"]]
        energies = {row["bias"][0] for row in swept}
        shown = [best_bias([row for row in swept if row["bias"][0] == own]) for own in energies]
        for row in (row for row in rows if row["kelvin"] == main or "compared_with_k" in row):
            grid = np.geomspace(20, row["steps"], 60)
            curves = [
                np.interp(grid, run["curve_steps"], run["curve_scores"]) for run in row["runs"]
            ]
            biased = row["bias"]
            if biased is not None and biased not in shown:
                continue
            label = "no bias" if biased is None else f"A {biased[0]:g} eV, B {biased[1]:g}"
            if row["kelvin"] != main:
                label += f", {row['kelvin']:g} K"
            axis.plot(grid, np.mean(curves, axis=0), label=label, ls="-" if biased else "--")
        axis.set(xscale="log", yscale="log", xlabel="MD step", ylabel="largest score u so far")
        axis.set_title(f"{name}, {main:g} K")
        axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)
