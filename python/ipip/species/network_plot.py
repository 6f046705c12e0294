"""The picture of the reaction network: species sized by abundance, numbered reactions, a legend."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.patheffects import withStroke

from ipip.data.frame import FloatArray
from ipip.species.analyse import SpeciesResult
from ipip.species.network import reaction_network, why_empty
from ipip.species.plots import DPI, network_title, pretty
from ipip.storage.atomic import replaced_file

SIDE = 7.0  # inches of the network's square
BEND = 0.14  # distance of an arrow from its chord, over its length
SMALLEST, LARGEST = 0.16, 0.42  # radii of species, inches


def plot_network(result: SpeciesResult, path: Path, most: int) -> None:
    """Draw the most frequent reactions among the followed species.

    Args:
        result: of the analysis.
        path: of the picture.
        most: reactions (arrows) to draw; the title states how many are omitted.
    """
    graph = reaction_network(result.reactions, result.follow, most)
    figure = Figure(figsize=(SIDE + 4.6, SIDE + 0.6))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.01, 0.01, SIDE / (SIDE + 4.6), SIDE / (SIDE + 0.6) - 0.01))
    axes.set_axis_off()
    axes.set(xlim=(0, SIDE), ylim=(0, SIDE))
    figure.suptitle(_heading(graph, result), fontsize=10, x=0.02, y=0.985, ha="left", va="top")
    if graph.number_of_nodes() == 0:
        reason = why_empty(result.reactions, result.follow)
        axes.text(SIDE / 2, SIDE / 2, reason, ha="center", va="center")
    else:
        radii = _radii(graph, result)
        places = place_species(graph, radii)
        _draw_species(axes, places, radii)
        _draw_reactions(axes, graph, places, radii)
        _draw_legend(axes, graph)
    with replaced_file(path) as draft:
        figure.savefig(draft, dpi=DPI)


def place_species(graph: nx.DiGraph, radii: dict[str, float]) -> dict[str, FloatArray]:
    """Place species in a square of `SIDE` inches, related ones near each other, without overlap.

    Args:
        graph: of :func:`ipip.species.network.reaction_network`.
        radii: of the species' discs, inches.
    """
    names = sorted(graph)
    parts = [sorted(part) for part in nx.weakly_connected_components(graph)]
    # Separate components on a spiral would waste space: weak links keep them together.
    linked = nx.Graph(graph.to_undirected())
    linked.add_edges_from((parts[0][0], part[0]) for part in parts[1:])
    start = nx.kamada_kawai_layout(linked, weight=None)
    points = np.array([start[name] for name in names])
    border = LARGEST + 0.25
    span = np.maximum(np.ptp(points, axis=0), 1e-9)
    points = border + (points - points.min(axis=0)) / span * (SIDE - 2 * border)
    if len(names) == 1:
        points[:] = SIDE / 2
    widths = np.array([_half_width(name, radii[name]) for name in names])
    for _ in range(400):  # push apart species closer than the widths of their labels
        apart = points[:, None] - points[None, :]
        spacing = np.maximum(widths[:, None] + widths[None, :] + 0.45, 1.0)
        distance = np.linalg.norm(apart, axis=2) + np.eye(len(names)) * 1e6
        push = np.maximum(spacing - distance, 0.0)
        moved = (apart / distance[:, :, None] * (0.25 * push)[:, :, None]).sum(axis=1)
        points = np.clip(points + moved, border, SIDE - border)
    return {name: points[k] for k, name in enumerate(names)}


def _half_width(name: str, radius: float) -> float:
    """Return half the width of a disc or its label, inches (9 pt letters are 0.075 wide)."""
    digits = sum(sign.isdigit() for sign in name)
    return max(radius, 0.5 * (0.075 * (len(name) - digits) + 0.055 * digits))


def _radii(graph: nx.DiGraph, result: SpeciesResult) -> dict[str, float]:
    """Return the radius of each species, with an area linear in its mean number."""
    lived = {name: result.lives.species[name].exposure for name in graph}
    largest = max(max(lived.values()), 1)
    return {
        name: math.sqrt(SMALLEST**2 + (LARGEST**2 - SMALLEST**2) * own / largest)
        for name, own in lived.items()
    }


def _draw_species(axes: Axes, places: dict[str, FloatArray], radii: dict[str, float]) -> None:
    for name, (x, y) in places.items():
        axes.add_patch(
            Circle((x, y), radii[name], facecolor="#D6E6F2", edgecolor="#0072B2", zorder=4)
        )
        axes.text(
            x, y, pretty(name), fontsize=9, ha="center", va="center", zorder=6,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip


def _draw_reactions(
    axes: Axes, graph: nx.DiGraph, places: dict[str, FloatArray], radii: dict[str, float]
) -> None:
    counts = [data["count"] for _, _, data in graph.edges(data=True)]
    occupied = [(point, _half_width(name, radii[name])) for name, point in places.items()]
    for number, (a, b, data) in enumerate(_edges(graph), 1):
        width = 0.8 + 2.2 * math.log1p(data["count"]) / math.log1p(max(counts))
        axes.add_patch(
            FancyArrowPatch(
                tuple(places[a]), tuple(places[b]),
                connectionstyle=f"arc3,rad={BEND}", arrowstyle="-|>", mutation_scale=13,
                shrinkA=72 * radii[a], shrinkB=72 * radii[b] + 1, color="0.45", linewidth=width,
                zorder=2,
            )
        )  # fmt: skip
        place = _free_place(places[a], places[b], occupied)
        occupied.append((place, 0.13))
        axes.text(
            place[0], place[1], str(number), fontsize=7.5, ha="center", va="center", zorder=5,
            bbox={"boxstyle": "circle,pad=0.22", "facecolor": "white", "edgecolor": "0.45"},
        )  # fmt: skip


def _free_place(
    begin: FloatArray, end: FloatArray, occupied: list[tuple[FloatArray, float]]
) -> FloatArray:
    """Return the place on an arrow that is farthest from other items, the middle if free."""
    chord = end - begin
    control = (begin + end) / 2 + BEND * np.array([chord[1], -chord[0]])
    best, room = (begin + end) / 2, -np.inf
    for t in (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72):
        place = (1 - t) ** 2 * begin + 2 * t * (1 - t) * control + t**2 * end
        free = min(float(np.linalg.norm(place - other)) - size for other, size in occupied) - 0.13
        if free > 0.04:
            return np.asarray(place)
        if free > room:
            best, room = place, free
    return np.asarray(best)


def _edges(graph: nx.DiGraph) -> list[tuple[str, str, dict[str, Any]]]:
    edges = graph.edges(data=True)
    return sorted(edges, key=lambda edge: (-edge[2]["count"], edge[0], edge[1]))


def _draw_legend(axes: Axes, graph: nx.DiGraph) -> None:
    edges = _edges(graph)
    step = min(0.32, (SIDE - 0.4) / (len(edges) + 1))
    size = min(9.0, 9.0 * step / 0.2)
    columns = ((0.05, "no.", "left"), (0.95, "seen", "right"), (1.1, "reaction", "left"))
    for x, title, side in columns:
        axes.text(SIDE + x, SIDE - 0.2, title, fontsize=size, ha=side, weight="bold", clip_on=False)
    for number, (a, b, data) in enumerate(edges, 1):
        y = SIDE - 0.2 - step * number
        text = f"{pretty(a)} → {pretty(b)}   {pretty(str(data['partners']))}".rstrip()
        for (x, _, side), value in zip(
            columns, (str(number), str(data["count"]), text), strict=True
        ):
            axes.text(SIDE + x, y, value, fontsize=size, ha=side, clip_on=False)


def _heading(graph: nx.DiGraph, result: SpeciesResult) -> str:
    omitted, times = graph.graph["left_out"], graph.graph["left_out_times"]
    text = f"{network_title(result)}: the {graph.number_of_edges()} most frequent reactions"
    if omitted:
        text += f"; {omitted} more ({times} events) are omitted: reactions.csv has all"
    return text + "\ndiscs: area by mean number of molecules; arrows: width by count"
