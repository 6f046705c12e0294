"""One picture of the existing parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from benchmarks.pair.table import SPEEDUP_BARS


def plot(parts: dict[str, Any], path: Path) -> None:
    """Speed-ups over TorchScript by box, cost against size, and other programs."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    _speedups(left, parts)
    _sizes(middle, parts)
    _others(right, parts)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _speedups(axes: Any, parts: dict[str, Any]) -> None:
    groups = {n: parts[n]["rows"] for n in parts if n.startswith("speed-")}
    for index, rows in enumerate(groups.values()):
        width = 0.8 / len(rows)
        for k, row in enumerate(rows):
            label = f"{row['channels']}, {row['layers']}" if index == 0 else None
            axes.bar(
                index + (k + 0.5) * width - 0.4,
                row["speedup"],
                0.9 * width,
                color=f"C{k}",
                label=label,
            )
        bar = SPEEDUP_BARS.get(rows[0]["box"])
        if bar:
            axes.hlines(bar, index - 0.4, index + 0.4, color="k", ls=":")
    axes.set_xticks(range(len(groups)), [rows[0]["box"] for rows in groups.values()])
    axes.set_ylabel("times faster than TorchScript")
    axes.set_title("kernels, one core (dotted: bar)")
    if groups:
        axes.set_ylim(0, 1.4 * max(row["speedup"] for rows in groups.values() for row in rows))
        axes.legend(fontsize="x-small", ncols=2, loc="upper center", title="channels, layers")


def _sizes(axes: Any, parts: dict[str, Any]) -> None:
    axes.set_title("64 channels, 2 layers, dense")
    axes.set_xlabel("atoms")
    axes.set_ylabel("µs per atom and step")
    rows = [r for name in ("sizes", "million") if name in parts for r in parts[name]["rows"]]
    if rows:
        axes.semilogx([r["atoms"] for r in rows], [r["us"] for r in rows], "o-")
        axes.set_ylim(0, 1.3 * max(r["us"] for r in rows))


def _others(axes: Any, parts: dict[str, Any]) -> None:
    names, costs = [], []
    for row in parts.get("speed-dense", {"rows": []})["rows"]:
        size = f"PaiNN {row['channels']}-{row['layers']}"
        names += [f"ipip kernels, {size}", f"TorchScript, {size}"]
        costs += [row["kernels_us"], row["torchscript_us"]]
    for name in ("teacher", "schnetpack", "deepmd"):
        for row in parts.get(name, {"rows": []})["rows"]:
            names.append(row["what"])
            costs.append(row["us"])
    order = np.argsort(costs)
    colours = ["C1" if names[k].startswith("ipip") else "C7" for k in order]
    axes.barh(range(len(order)), [costs[k] for k in order], color=colours)
    axes.set_yticks(range(len(order)), [names[k] for k in order], fontsize="x-small")
    axes.set_xscale("log")
    axes.set_xlabel("µs per atom and step")
    axes.set_title("dense Mo-S-O, one core")
