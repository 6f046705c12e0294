"""Pictures of the measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, PURPLE = "#0072B2", "#E69F00", "#009E73", "#555555", "#CC79A7"
PHASES = {"graph": GREY, "forward": BLUE, "backward": GREEN, "forces": PURPLE, "halo": ORANGE}
DPI = 150


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI)


def plot_scaling(result: dict[str, Any], path: Path) -> None:
    """Draw speed-up on two ranks by number of atoms, and where the time of a rank goes."""
    figure = Figure(figsize=(10.0, 4.0), layout="constrained")
    axes = figure.add_subplot(1, 2, 1)
    for backend, colour in (("kernels", BLUE), ("torchscript", ORANGE), ("kernels, gas", GREEN)):
        rows = [r for r in result["strong"] if r["backend"] == backend]
        atoms, speedups = [r["atoms"] for r in rows], [r["speedup"] for r in rows]
        axes.plot(atoms, speedups, "o-", color=colour, label=backend)
        apart = [r["speedup_halves_apart"] for r in rows]
        label = "two independent halves" if colour == BLUE else None
        axes.plot(atoms, apart, "x", color=colour, label=label)
    axes.axhline(2.0, color=GREY, linewidth=1.0)
    axes.axhline(1.85, color=GREY, linewidth=1.0, linestyle="--", label="1.85")
    axes.set_xscale("log")
    axes.set_ylim(1.0, 2.3)
    axes.set_xlabel("atoms")
    axes.set_ylabel("time on 1 rank / time on 2 ranks")
    axes.legend(frameon=False)
    axes = figure.add_subplot(1, 2, 2)
    rows = result["strong"]
    labels = [f"{r['backend']} {r['atoms']}" for r in rows]
    bottom = np.zeros(len(rows))
    for phase, colour in PHASES.items():
        share = np.array([100.0 * r["shares"][phase] for r in rows])
        axes.bar(labels, share, bottom=bottom, color=colour, label=phase)
        bottom += share
    axes.set_ylabel("share of the pair style's time on 2 ranks (%)")
    axes.tick_params(axis="x", labelsize=7, rotation=60)
    axes.set_ylim(0.0, 100.0)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5, fontsize=8)
    _save(figure, path)


def plot_model(result: dict[str, Any], path: Path) -> None:
    """Draw seconds of a step and halo rows on 1 to 1024 ranks, ours and the alternative's."""
    figure = Figure(figsize=(10.0, 4.0), layout="constrained")
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    for (atoms, rows), colour in zip(
        result["model"]["predictions"].items(), (BLUE, GREEN), strict=False
    ):
        ranks = [r["ranks"] for r in rows]
        name = f"{int(atoms):,} atoms"
        left.plot(ranks, [r["seconds"] for r in rows], "o-", color=colour, label=name)
        left.plot(
            ranks,
            [r["alternative_seconds"] for r in rows],
            "--",
            color=colour,
            label=f"{name}, ghosts to layers x cutoff",
        )
        left.plot(ranks, [rows[0]["seconds"] / p for p in ranks], ":", color=GREY, linewidth=1.0)
        many = [r for r in rows if r["ranks"] > 1]
        right.plot(
            [r["ranks"] for r in many],
            [r["halo_rows"] / r["atoms_per_rank"] for r in many],
            "o-",
            color=colour,
            label=f"{name}, halo of one cutoff",
        )
        right.plot(
            [r["ranks"] for r in many],
            [r["ghosts_of_alternative"] / r["atoms_per_rank"] for r in many],
            "--",
            color=colour,
            label=f"{name}, ghosts to layers x cutoff",
        )
    left.set_ylabel("seconds of a step")
    right.set_ylabel("rows of other ranks per own atom")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("ranks")
        axes.legend(frameon=False, fontsize=7)
    _save(figure, path)


def plot_memory(result: dict[str, Any], path: Path) -> None:
    """Draw resident memory of each rank over the steps."""
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot(1, 1, 1)
    for rank, colour in zip(range(result["ranks"]), (BLUE, ORANGE), strict=False):
        values = np.array([row[rank] for row in result["resident_mib"]])
        axes.plot(result["steps"], values - values[0], color=colour, label=f"rank {rank}")
    axes.set_ylim(-2.0, 10.0)
    axes.set_xlabel("step")
    axes.set_ylabel(f"resident memory over that at step {result['steps'][0]} (MiB)")
    axes.legend(frameon=False)
    _save(figure, path)
