"""An HTML page in the report's style, with zoom and selectable species."""

from __future__ import annotations

import math
from pathlib import Path

import networkx as nx
import plotly.graph_objects as go

from ipip.pages import PageFigure, figure_of, render_plain_page
from ipip.pages.numbers import format_number
from ipip.species.analyse import SpeciesResult
from ipip.species.network import reaction_network, why_empty
from ipip.species.plots import COLOURS
from ipip.species.verdict import describe_result
from ipip.storage.atomic import write_text

SHOWN = 20
WHOLE = 8  # molecules
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # for repeated colours


def write_page(result: SpeciesResult, path: Path, dump: str, most: int) -> None:
    """Write a self-contained page.

    Args:
        result: of the analysis.
        path: of the page.
        dump: name of the dump.
        most: largest number of reactions in the network, the most frequent ones.
    """
    verdict, *details = describe_result(result)
    figures = [_over_time(result)]
    network = _network(result, most)
    if network is not None:
        figures.append(network)
    else:
        details.append(f"No reaction network: {why_empty(result.reactions, result.follow)}.")
    names = ["counts.csv", "events.csv", "species.csv", "reactions.csv"]
    names += [] if result.follow is None else ["molecules.csv"]
    page = render_plain_page(
        name="ipip species",
        title=f"Species in {dump}",
        heading=verdict,
        sentences=details,
        figures=figures,
        links=names,
    )
    write_text(path, page)


def pretty(formula: str) -> str:
    """Return a formula with subscripts, for HTML."""
    return "".join(f"<sub>{sign}</sub>" if sign.isdigit() else sign for sign in formula)


def _over_time(result: SpeciesResult) -> PageFigure:
    figure = go.Figure()
    times = [step * result.timestep / 1000.0 for step in result.timeline.steps]
    followed = result.followed()
    names = result.timeline.most_frequent(SHOWN, followed)
    others = result.timeline.most_frequent(SHOWN, set(result.lives.species) - followed)
    for number, name in enumerate([*names, *others]):
        figure.add_trace(
            go.Scatter(
                x=times,
                y=result.timeline.of(name),
                name=pretty(name),
                line={
                    "shape": "hv",
                    "color": COLOURS[number % len(COLOURS)],
                    "dash": DASHES[number // len(COLOURS) % len(DASHES)],
                },
                visible=True if name in followed else "legendonly",
            )
        )
    most = max((max(trace.y, default=0) for trace in figure.data), default=0)
    figure.update_layout(
        xaxis_title="time (ps)",
        yaxis={"title": "molecules", "rangemode": "tozero", **whole_ticks(most)},
        showlegend=True,
    )
    caption = "Click a species in the legend to show or hide it."
    return figure_of(figure, "over-time", "Molecules over time", caption, height=480, wide=True)


def whole_ticks(most: int) -> dict[str, int]:
    """Return axis settings without fractional ticks for small numbers of molecules."""
    return {"dtick": 1} if most <= WHOLE else {}


def _network(result: SpeciesResult, most: int) -> PageFigure | None:
    """Draw the reactions; None if there are none."""
    graph = reaction_network(result.reactions, result.follow, most)
    if graph.number_of_nodes() == 0:
        return None
    omitted = graph.graph["left_out"]
    places = _layout(graph, {name: own.first_step for name, own in result.lives.species.items()})
    figure = go.Figure()
    for a, b, data in graph.edges(data=True):
        (x0, y0), (x1, y1) = places[a], places[b]
        figure.add_annotation(
            x=x1, y=y1, ax=x0, ay=y0, axref="x", ayref="y", showarrow=True, arrowhead=3,
            arrowcolor="#999999", standoff=28, startstandoff=28, text="",
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=[0.6 * x0 + 0.4 * x1],
                y=[0.6 * y0 + 0.4 * y1],
                mode="markers",
                marker={"size": 9, "color": "#999999"},
                hovertext=f"{a} → {b} {data['partners']}: {data['count']} times",
                hoverinfo="text",
                showlegend=False,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=[places[name][0] for name in graph],
            y=[places[name][1] for name in graph],
            mode="markers+text",
            text=[pretty(name) for name in graph],
            textfont={"color": "#1b2330"},  # on the disc's colour, in every theme
            marker={"size": 56, "color": "#D6E6F2", "line": {"color": "#0072B2", "width": 1}},
            hovertext=[_life(result, name) for name in graph],
            hoverinfo="text",
            showlegend=False,
        )
    )
    figure.update_layout(
        xaxis={"visible": False},
        yaxis={"visible": False, "scaleanchor": "x"},
        showlegend=False,
    )
    caption = "Clockwise from the top in the order of appearance; hover over the arrows and discs."
    if omitted:
        caption += f" {omitted} rarer reactions are omitted; reactions.csv has all."
    return figure_of(figure, "network", "Reaction network", caption, height=800, wide=True)


def _layout(graph: nx.DiGraph, first_steps: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Place species on a circle, clockwise from the top in the order of appearance.

    On a circle no edge passes through a third species.
    """
    order = sorted(graph, key=lambda name: (first_steps[name], name))
    turn = 2.0 * math.pi / max(len(order), 1)
    return {name: (math.sin(turn * k), math.cos(turn * k)) for k, name in enumerate(order)}


def _life(result: SpeciesResult, name: str) -> str:
    own = result.lives.species[name]
    scale = result.timestep / 1000.0
    mean = "none ended" if own.mean is None else f"mean life {format_number(own.mean * scale)} ps"
    return f"{name}: {own.births} formed, {own.deaths} ended, {mean}"
