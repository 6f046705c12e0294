"""Molecules: at the end of each round's explorations, and over time in analysed dumps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ipip.pages.numbers import FOUR_DIGITS, THREE_DIGITS
from ipip.report.content import ReportData, SpeciesAtEnd, SpeciesOverTime
from ipip.report.figures.figure import TEACHER, Figure, axis

COLOURS = ("#0f83c9", "#e69f00", "#00a878", "#cc79a7", "#56b4e9", "#d55e00", "#8f7ee0", "#b8a800")
DASHES = ("solid", "dash", "dot", "dashdot")  # for repeated colours
OTHERS = "others"


def species_figures(content: ReportData) -> list[Figure]:
    """Return the figures on molecules; none if there are only single atoms."""
    figures = []
    if any(_is_molecule(name) for entry in content.species for name in entry.counts):
        figures.append(at_end(content.species))
    figures += [over_time(curve, number) for number, curve in enumerate(content.species_over_time)]
    return figures


def at_end(entries: Sequence[SpeciesAtEnd]) -> Figure:
    """Draw the average numbers of molecules in a run of the explorations."""
    totals = Counter[str]()
    for entry in entries:
        totals += Counter(entry.counts)
    shown = [name for name, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    shown, rest = shown[: len(COLOURS)], shown[len(COLOURS) :]
    bars = [(pretty(name), [name], COLOURS[number]) for number, name in enumerate(shown)]
    if rest:
        bars.append((f"{len(rest)} {OTHERS}", rest, TEACHER))
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": [entry.title for entry in entries],
            "x": [sum(entry.counts.get(n, 0) for n in names) / entry.runs for entry in entries],
            "marker": {"color": colour},
            "hovertemplate": f"%{{y}}: %{{x:{THREE_DIGITS}}} {label}" + "<extra></extra>",
        }
        for label, names, colour in bars
    ]
    rows = [
        (entry.title, entry.runs, name, count, count / entry.runs)
        for entry in entries
        for name, count in sorted(entry.counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Figure(
        "species-at-end",
        "Molecules at the end of the students' explorations",
        "In stable runs, by the bonds of ipip species in one frame of each. If most runs are "
        "stable, students that agree end with nearly the same molecules.",
        traces,
        {
            "barmode": "stack",
            "xaxis": axis("molecules in a run, on average"),
            "yaxis": axis("", type="category", autorange="reversed", showgrid=False),
        },
        ("runs", "number of runs", "species", "molecules", "molecules in a run"),
        rows,
        height=180 + 42 * len(entries),
        wide=True,
    )


def over_time(curve: SpeciesOverTime, number: int) -> Figure:
    """Draw the molecules of one trajectory."""
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": pretty(name),
            "x": curve.times,
            "y": counts,
            "line": {
                "shape": "hv",
                "width": 2,
                "color": COLOURS[place % len(COLOURS)],
                "dash": DASHES[place // len(COLOURS) % len(DASHES)],
            },
            "hovertemplate": f"%{{x:{FOUR_DIGITS}}} ps: %{{y}} {pretty(name)}" + "<extra></extra>",
        }
        for place, (name, counts) in enumerate(curve.counts.items())
    ]
    most = max((max(counts, default=0) for counts in curve.counts.values()), default=0)
    ticks = {"dtick": 1} if most <= len(COLOURS) else {}  # no fractions of a molecule
    which = "The most frequent" if curve.follow is None else f"Species with {curve.follow}, the"
    more = "" if curve.follow is None else " most frequent"
    return Figure(
        f"species-{number + 1}",
        f"Molecules over time: {curve.name}",
        f"{which}{more} {len(curve.counts)}. Provenance links its tables and reaction network.",
        traces,
        {"xaxis": axis("time (ps)"), "yaxis": axis("molecules", rangemode="tozero", **ticks)},
        ("time (ps)", *curve.counts),
        list(zip(curve.times, *curve.counts.values(), strict=True)),
        wide=True,
    )


def pretty(formula: str) -> str:
    """Return a formula with subscripts, for HTML."""
    return re.sub(r"(\d+)", r"<sub>\1</sub>", formula)


def _is_molecule(formula: str) -> bool:
    """Return whether a formula has more than one atom."""
    return len(re.findall("[A-Z]", formula)) > 1 or any(sign.isdigit() for sign in formula)
