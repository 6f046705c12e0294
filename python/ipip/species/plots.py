"""Pictures of the reaction analysis: species over time and the reaction network."""

from __future__ import annotations

import math
from pathlib import Path

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ipip.data.atomic import replaced_file
from ipip.species.analyse import SpeciesResult
from ipip.species.network import reaction_network

# Okabe and Ito's colours, told apart by colour-blind readers, then two more.
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
BINS = 200  # points of a line; what changes faster is averaged


def pretty(formula: str) -> str:
    """Return a formula with lowered numbers, for matplotlib."""
    return "".join(f"$_{sign}$" if sign.isdigit() else sign for sign in formula)


def plot_species(result: SpeciesResult, path: Path) -> None:
    """Draw the numbers of the most frequent species over time, followed ones and others apart."""
    followed = result.followed()
    panels = [(_title(result), followed)]
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
        axes.set_title(title, fontsize=10, loc="left")
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    rows[-1].set_xlabel("time (ps)")
    with replaced_file(path) as draft:
        figure.savefig(draft, dpi=DPI)


def plot_network(result: SpeciesResult, path: Path, most: int = 24) -> None:
    """Draw the most frequent reactions among the followed species, in order of appearance."""
    graph = reaction_network(result.reactions, result.follow, most)
    figure = Figure(figsize=(9.0, 8.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_title(
        f"{_title(result)}: reactions and how often they were seen\n"
        "(clockwise from the top in order of appearance)",
        fontsize=10,
    )
    if graph.number_of_nodes() == 0:
        axes.text(0.5, 0.5, "no reactions were seen", ha="center", va="center")
    else:
        _draw(axes, graph, result)
    with replaced_file(path) as draft:
        figure.savefig(draft, dpi=DPI)


def layout(graph: nx.DiGraph, first_steps: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Place species on a circle, clockwise from the top in the order in which they appeared.

    On a circle no edge runs through a third species.
    """
    order = sorted(graph, key=lambda name: (first_steps[name], name))
    turn = 2.0 * math.pi / max(len(order), 1)
    return {name: (math.sin(turn * k), math.cos(turn * k)) for k, name in enumerate(order)}


def _draw(axes: Axes, graph: nx.DiGraph, result: SpeciesResult) -> None:
    first = {name: own.first_step for name, own in result.lives.species.items()}
    places = layout(graph, first)
    lived = {name: result.lives.species[name].exposure for name in graph}
    largest = max(max(lived.values()), 1)
    sizes = [900 + 1700 * math.sqrt(lived[name] / largest) for name in graph]
    counts = [data["count"] for _, _, data in graph.edges(data=True)]
    widths = [0.8 + 2.2 * math.log1p(count) / math.log1p(max(counts)) for count in counts]
    nx.draw_networkx_nodes(
        graph, places, ax=axes, node_size=sizes, node_color="#D6E6F2", edgecolors="#0072B2"
    )
    labels = {name: pretty(name) for name in graph}
    nx.draw_networkx_labels(graph, places, labels, ax=axes, font_size=9)
    nx.draw_networkx_edges(
        graph,
        places,
        ax=axes,
        node_size=sizes,
        width=widths,
        edge_color="0.45",
        connectionstyle="arc3,rad=0.12",
        arrowsize=12,
    )
    notes = {
        (a, b): f"{data['count']}  {pretty(data['partners'])}".strip()
        for a, b, data in graph.edges(data=True)
    }
    nx.draw_networkx_edge_labels(
        graph,
        places,
        notes,
        ax=axes,
        font_size=7,
        label_pos=0.42,
        connectionstyle="arc3,rad=0.12",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
        rotate=False,
    )
    axes.margins(0.12)


def _title(result: SpeciesResult) -> str:
    return "all species" if result.follow is None else f"species with {result.follow}"
