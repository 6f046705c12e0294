"""The picture of the numbers of species over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ipip.species.analyse import SpeciesResult
from ipip.storage.atomic import replaced_file

# Okabe and Ito's colours, which colour-blind readers can distinguish, then two more.
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#000000",
    "#B8A800",
)
DPI = 150
BINS = 200  # points of a line; faster changes are averaged


def pretty(formula: str) -> str:
    """Return a formula with subscripts, for matplotlib."""
    return "".join(f"$_{sign}$" if sign.isdigit() else sign for sign in formula)


def plot_species(result: SpeciesResult, path: Path) -> None:
    """Draw the numbers of the most frequent species over time, followed ones separately."""
    followed = result.followed()
    panels = [(network_title(result), followed)]
    others = set(result.lives.species) - followed
    if others:
        panels.append(("other species", others))
    figure = Figure(figsize=(8.4, 3.1 * len(panels)), layout="constrained")
    FigureCanvasAgg(figure)
    per_bin = max(1, len(result.timeline.steps) // BINS)
    starts = np.arange(0, len(result.timeline.steps), per_bin)
    times = np.array(result.timeline.steps)[starts] * result.timestep / 1000.0
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (title, among) in zip(rows, panels, strict=True):
        for number, name in enumerate(result.timeline.most_frequent(len(COLOURS), among)):
            counts = np.array(result.timeline.of(name), dtype=float)
            sizes = np.diff(np.append(starts, len(counts)))
            means = np.add.reduceat(counts, starts) / sizes
            axes.step(times, means, where="post", color=COLOURS[number], lw=1.3, label=pretty(name))
        label = "molecules" if per_bin == 1 else f"molecules (means of {per_bin} samples)"
        axes.set(ylabel=label, ylim=(0, None))
        axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.set_title(title, fontsize=10, loc="left")
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    rows[-1].set_xlabel("time (ps)")
    with replaced_file(path) as draft:
        figure.savefig(draft, dpi=DPI)


def network_title(result: SpeciesResult) -> str:
    """Return a title for the species of a picture."""
    return "all species" if result.follow is None else f"species with {result.follow}"
