"""One HTML page: the verdict, a table of all checks, and their pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipip.pages import PageFigure, card_of, render_page
from ipip.physics.check import PhysicsCheck
from ipip.physics.listing import CHECKS
from ipip.physics.outcome import Curve, Picture
from ipip.physics.report import PhysicsReport, describe_measure
from ipip.storage.atomic import write_text

TEMPLATE = Path(__file__).with_name("page.html.j2")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8f7ee0", "#8a919e")
DASHES = ("solid", "dash", "dot", "dashdot")


def write_page(reports: Sequence[PhysicsReport], path: Path) -> None:
    """Write a self-contained page about one or more potentials."""
    figures = [
        _figure(check, report, number, index, picture)
        for check in CHECKS
        for number, report in enumerate(reports)
        for outcome in report.outcomes
        if outcome.check == check.name
        for index, picture in enumerate(outcome.pictures)
    ]
    write_text(
        path,
        render_page(
            TEMPLATE,
            [{"name": f.name, "traces": f.traces, "layout": f.layout} for f in figures],
            title="Physics of " + ", ".join(report.name for report in reports),
            reports=reports,
            rows=[_row(check, reports) for check in CHECKS if _ran(check.name, reports)],
            cards=[card_of(figure) for figure in figures],
            looked_at=_structures_and_form(reports),
        ),
    )


def _ran(name: str, reports: Sequence[PhysicsReport]) -> bool:
    return any(outcome.check == name for report in reports for outcome in report.outcomes)


def _row(check: PhysicsCheck, reports: Sequence[PhysicsReport]) -> dict[str, Any]:
    outcomes = [
        next((o for o in report.outcomes if o.check == check.name), None) for report in reports
    ]
    return {
        "check": check,
        "cells": [
            {
                "state": "" if outcome is None else outcome.state,
                "telling": "" if outcome is None else describe_measure(outcome.telling),
                "note": "" if outcome is None else outcome.note,
            }
            for outcome in outcomes
        ],
    }


def _structures_and_form(reports: Sequence[PhysicsReport]) -> str:
    one = reports[0]
    which = "small boxes made from the elements" if one.made_up else "the given structures"
    form = "The short form: fewer points and shorter runs." if one.quick else ""
    return f"Checked on {which}: {', '.join(one.structures)}. {form}".rstrip()


def _figure(
    check: PhysicsCheck, report: PhysicsReport, number: int, index: int, picture: Picture
) -> PageFigure:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("curve", picture.x_title or "case", picture.y_title))
    for curve in picture.curves:
        writer.writerows((curve.name, x, y) for x, y in zip(curve.x, curve.y, strict=True))
    return PageFigure(
        name=f"{check.name}-{number}-{index}",
        title=f"{check.title}: {report.name}",
        caption=picture.caption,
        traces=[_trace(curve, place, picture) for place, curve in enumerate(picture.curves)],
        layout=_layout(picture),
        csv=text.getvalue(),
    )


def _trace(curve: Curve, place: int, picture: Picture) -> dict[str, Any]:
    colour = COLOURS[place % len(COLOURS)]
    common = {"name": curve.name, "x": list(curve.x), "y": list(curve.y)}
    if picture.kind == "bars":
        return common | {"type": "bar", "marker": {"color": colour}, "showlegend": False}
    dash = DASHES[place // len(COLOURS) % len(DASHES)]
    return common | {
        "type": "scatter",
        "mode": "lines",
        "line": {"color": colour, "width": 2, "dash": dash},
    }


def _layout(picture: Picture) -> dict[str, Any]:
    y_axis: dict[str, Any] = {
        "title": {"text": picture.y_title, "standoff": 10},
        "automargin": True,
    }
    if picture.log:
        y_axis |= {"type": "log", "exponentformat": "power"}
    if picture.clip is not None:
        y_axis["range"] = list(picture.clip)
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": picture.x_title, "standoff": 10}, "automargin": True},
        "yaxis": y_axis,
        "showlegend": picture.kind == "lines",
    }
    if picture.bound is not None:
        line = {"color": "#b3400a", "width": 1.5, "dash": "dash"}
        place = {"x0": 0, "x1": 1, "xref": "paper", "y0": picture.bound, "y1": picture.bound}
        layout["shapes"] = [{"type": "line", "line": line} | place]
    return layout
