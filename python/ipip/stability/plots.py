"""The picture of a stability protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ipip.pages.names import shown_name
from ipip.stability.results import ModelStability
from ipip.storage.atomic import replaced_file

# Okabe and Ito's colours, which colour-blind readers can distinguish.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
LINES = ("-", "--", ":", "-.")
DPI = 150


def plot_stability(
    models: Sequence[ModelStability], path: Path, timestep: float, steps: int
) -> None:
    """Draw failure rates with their intervals and causes, and survival over time.

    Args:
        models: side by side.
        path: of the picture.
        timestep: fs.
        steps: of each run.
    """
    figure = Figure(figsize=(max(9.0, 5.4 + 1.1 * len(models)), 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _draw_rates(left, models)
    for number, model in enumerate(models):
        if model.survival is None:
            continue
        colour = COLOURS[number % len(COLOURS)]
        curve = model.survival
        times = np.array([*curve.steps, steps]) * timestep / 1000.0
        right.step(
            times,
            [*curve.survival, curve.survival[-1]],
            where="post",
            color=colour,
            linestyle=LINES[number % len(LINES)],  # so that overlapping curves are visible
            label=shown_name(model.name),
        )
        low, high = [*curve.low, curve.low[-1]], [*curve.high, curve.high[-1]]
        right.fill_between(times, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    right.set(xlabel="time (ps)", ylabel="surviving runs", ylim=(0, 1.04))
    right.set_xlim(0, steps * timestep / 1000.0)
    right.xaxis.set_major_locator(MaxNLocator(6))
    right.set_title("Survival (Kaplan-Meier, 95 %)", fontsize=10)
    right.legend(frameon=False)
    for axes in (left, right):
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    with replaced_file(path) as draft:
        figure.savefig(draft, dpi=DPI)


def _draw_rates(axes: Axes, models: Sequence[ModelStability]) -> None:
    places = np.arange(len(models))
    totals = np.array([max(model.total, 1) for model in models])
    base = np.zeros(len(models))
    for number, cause in enumerate(sorted({c for model in models for c in model.causes})):
        share = 100.0 * np.array([model.causes.get(cause, 0) for model in models]) / totals
        colour = COLOURS[number % len(COLOURS)]
        label = cause.replace("_", " ")
        axes.bar(places, share, 0.55, bottom=base, color=colour, label=label, alpha=0.85)
        base += share
    rates = 100.0 * np.array([model.failed for model in models]) / totals
    bounds = 100.0 * np.array([model.wilson95 for model in models])
    errors = np.abs(np.stack([rates - bounds[:, 0], bounds[:, 1] - rates]))
    axes.errorbar(
        places, rates, yerr=errors, fmt="o", color="black", capsize=4, zorder=3, clip_on=False
    )
    for place, model in zip(places, models, strict=True):
        axes.annotate(
            f"{model.failed} of {model.total}",
            (place, bounds[place, 1]),
            textcoords="offset points",
            xytext=(0, 5),
            ha="center",
            fontsize=9,
        )
    slanted = max(len(model.name) for model in models) > 12 and len(models) > 2
    names = [shown_name(model.name) for model in models]
    axes.set_xticks(
        places, names, rotation=20 if slanted else 0, ha="right" if slanted else "center"
    )
    axes.set_xlim(-0.6, len(models) - 0.4)
    axes.set_ylim(0, min(115.0, 1.25 * bounds[:, 1].max() + 4))
    axes.set_ylabel("failed runs (%)")
    axes.set_title("Failures (whiskers: Wilson 95 %)", fontsize=10)
    if base.max() > 0:
        axes.legend(frameon=False, title="stopped by", fontsize=8, title_fontsize=8)
