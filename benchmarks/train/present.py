"""Table, JSON and plot of the measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from rich.console import Console
from rich.table import Table

COLOURS = {
    "kernels": "#1b6ca8",
    "eager": "#8fb8d8",
    "schnetpack": "#c8553d",
    "torch_geometric": "#c8553d",
    "floor": "#444444",
}


def show(rows: list[dict[str, Any]]) -> None:
    """Print one row per contender; the others are compared with the first of each case."""
    table = Table(title="training step on one core, median and range over rounds")
    for name in ("network", "batch", "contender"):
        table.add_column(name)
    for name in ("µs/atom", "times the first's", "times the floor"):
        table.add_column(name, justify="right")
    for row in rows:
        title, batch = row["label"], row["batch"]
        for name, time_us in row["us_per_atom"].items():
            ratio = row["ratios"].get(name)
            slower = ratio and f"{ratio['median']:.1f} ({ratio['low']:.1f} - {ratio['high']:.1f})"
            over = f"{time_us / row['floor_us']:.1f}" if row["floor_us"] else ""
            table.add_row(title, batch, name, f"{time_us:.1f}", slower or "", over)
            title, batch = "", ""
        if row["floor_us"]:
            table.add_row("", "", "floor", f"{row['floor_us']:.1f}", "", "1")
        table.add_section()
    Console(width=120).print(table)


def write(folder: Path, results: dict[str, Any]) -> None:
    """Write results.json and train.png."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    rows = results["cases"]
    figure, axes = plt.subplots(figsize=(8.5, 0.6 + 0.95 * len(rows)), layout="constrained")
    place, ticks, labels = 0.0, [], []
    seen: set[str] = set()
    for row in rows:
        bars = dict(row["us_per_atom"])
        for name, value in bars.items():
            axes.barh(place, value, 0.8, color=COLOURS[name], label=None if name in seen else name)
            axes.text(value * 1.05, place, f"{value:.0f} µs", va="center", fontsize=8)
            seen.add(name)
            place += 0.85
        ticks.append(place - 0.85 * (len(bars) + 1) / 2)
        labels.append(f"{row['label']}\n{row['batch']}")
        if row["floor_us"]:
            low = place - 0.85 * len(bars) - 0.45
            label = None if "floor" in seen else "floor: arithmetic at the peak rate"
            axes.plot([row["floor_us"]] * 2, [low, place - 0.4], "k--", lw=1, label=label)
            seen.add("floor")
        place += 0.7
    axes.set_xscale("log")
    axes.set_xlim(left=10)
    axes.set_xlim(right=axes.get_xlim()[1] * 1.6)
    axes.set_yticks(ticks, labels)
    axes.invert_yaxis()
    axes.set_xlabel("µs per atom and training step (energies, forces, loss, gradient, Adam)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "train.png", dpi=140)
    plt.close(figure)
