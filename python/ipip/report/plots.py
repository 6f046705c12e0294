"""Pictures of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ipip.pages.numbers import format_number
from ipip.report.content import Parity
from ipip.storage.atomic import replaced_file

# Okabe and Ito's colours, which colour-blind readers can distinguish.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
TEACHER_COLOUR = "#555555"
DPI = 150


def plot_errors(summary: dict[str, Any], path: Path) -> None:
    """Draw force and energy error on the held-out frames by round, with the teacher as a line."""
    figure = new_figure(9.0, 3.6)
    panels = (
        ("force_mae_ev_per_a", "force MAE (eV/Å)"),
        ("energy_mae_mev_per_atom", "energy MAE (meV/atom)"),
    )
    for number, (key, label) in enumerate(panels):
        axes = figure.add_subplot(1, 2, number + 1)
        rounds = [entry["round"] for entry in summary["rounds"]]
        values = [entry["test"][key] for entry in summary["rounds"]]
        axes.plot(rounds, values, "o-", color=COLOURS[0], label="student")
        teacher = summary["teacher"]["test"][key]
        if teacher is not None:
            axes.axhline(teacher, color=TEACHER_COLOUR, linestyle="--", label="teacher")
        for x, value in zip(rounds, values, strict=True):
            axes.annotate(
                format_number(value),
                (x, value),
                textcoords="offset points",
                xytext=(0, 7),
                ha="center",
            )
        _rounds_axis(axes, rounds)
        top = max([*values, teacher or 0.0])
        axes.set_ylim(0, 1.25 * top if top > 0 else 1)
        axes.set_ylabel(label)
        axes.legend(frameon=False, loc="lower left")
    figure.suptitle("Errors on held-out reference frames")
    save_figure(figure, path)


def plot_parity(models: Sequence[Parity], path: Path) -> None:
    """Draw predicted against reference force components, one panel a model, with equal axes."""
    columns = min(len(models), 4)
    rows = -(-len(models) // columns)
    figure = new_figure(3.2 * columns, 3.3 * rows + 0.3)
    reach = max(float(np.abs(model.reference).max(initial=0.0)) for model in models)
    reach = 1.05 * max(reach, 1e-3)
    for number, model in enumerate(models):
        axes = figure.add_subplot(rows, columns, number + 1)
        axes.plot([-reach, reach], [-reach, reach], color="0.6", linewidth=1, zorder=1)
        colour = TEACHER_COLOUR if number == 0 else COLOURS[(number - 1) % len(COLOURS)]
        axes.plot(
            model.reference,
            model.predicted,
            ".",
            markersize=2.5,
            alpha=0.5,
            color=colour,
            rasterized=True,
        )
        error = float(np.abs(model.reference - model.predicted).mean())
        outside = int(np.count_nonzero(np.abs(model.predicted) > reach))
        note = f"MAE {error:.3f} eV/Å" + (f"\n{outside} points outside" if outside else "")
        axes.annotate(note, (0.04, 0.96), xycoords="axes fraction", va="top", fontsize=9)
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=model.name)
        axes.set_xlabel("reference force (eV/Å)")
        if number % columns == 0:
            axes.set_ylabel("predicted force (eV/Å)")
    save_figure(figure, path)


def plot_failures(summary: dict[str, Any], causes: Sequence[dict[str, int]], path: Path) -> None:
    """Draw the failure rate of the stability runs with its Wilson interval, and the causes."""
    figure = new_figure(6.8, 3.6)
    axes = figure.add_subplot()
    rounds = [entry["round"] for entry in summary["rounds"]]
    failures = [entry["failures"] for entry in summary["rounds"]]
    rates = [100 * f["failed"] / f["total"] if f["total"] else np.nan for f in failures]
    low = [max(0.0, rate - 100 * f["wilson95"][0]) for rate, f in zip(rates, failures, strict=True)]
    high = [
        max(0.0, 100 * f["wilson95"][1] - rate) for rate, f in zip(rates, failures, strict=True)
    ]
    names = sorted({name for entry in causes for name in entry})
    if names and len(causes) == len(rounds):
        base = np.zeros(len(rounds))
        for number, name in enumerate(names):
            share = np.array(
                [
                    100 * entry.get(name, 0) / f["total"] if f["total"] else 0.0
                    for entry, f in zip(causes, failures, strict=True)
                ]
            )
            colour = COLOURS[number % len(COLOURS)]
            axes.bar(rounds, share, 0.5, bottom=base, color=colour, label=name)
            base += share
        axes.legend(frameon=False, title="stopped by", loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.errorbar(rounds, rates, yerr=[low, high], fmt="o", color="black", capsize=4, zorder=3)
    for x, f in zip(rounds, failures, strict=True):
        axes.annotate(
            f"{f['failed']} of {f['total']}",
            (x, 100),
            textcoords="offset points",
            xytext=(0, 5),
            ha="center",
        )
    _rounds_axis(axes, rounds)
    axes.set_ylim(0, 115)
    axes.set_ylabel("failed student MD runs (%)")
    axes.set_title("Stability in LAMMPS (whiskers: Wilson 95 %)", fontsize=10)
    save_figure(figure, path)


def plot_composition(compositions: Sequence[dict[str, int]], path: Path) -> None:
    """Draw the frames of each round's pretraining set by the round that explored them."""
    figure = new_figure(5.6, 3.6)
    axes = figure.add_subplot()
    rounds = list(range(len(compositions)))
    base = np.zeros(len(rounds))
    for number, name in enumerate(sorted({name for entry in compositions for name in entry})):
        counts = np.array([entry.get(name, 0) for entry in compositions], dtype=float)
        label = "teacher MD" if name == "round 0" else f"student MD, {name}"
        axes.bar(
            rounds, counts, 0.55, bottom=base, color=COLOURS[number % len(COLOURS)], label=label
        )
        base += counts
    for x, total in zip(rounds, base, strict=True):
        axes.annotate(
            f"{total:.0f}", (x, total), textcoords="offset points", xytext=(0, 3), ha="center"
        )
    _rounds_axis(axes, rounds)
    axes.set_ylim(0, 1.4 * max(base.max(), 1.0))
    axes.set_ylabel("frames")
    axes.set_title("Pretraining set by origin", fontsize=10)
    axes.legend(frameon=False, loc="upper left", ncols=2, fontsize=9)
    save_figure(figure, path)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure that needs no display; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _rounds_axis(axes: Axes, rounds: Sequence[int]) -> None:
    axes.set_xlabel("round")
    axes.set_xlim(min(rounds) - 0.6, max(rounds) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=min(len(rounds) + 1, 12)))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure as PNG, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
