"""A figure: traces and a layout for plotly, and the same numbers as a table."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

# Distinguishable for colour-blind readers, on light and dark backgrounds.
TEACHER = "#8a919e"
NONE = "#d55e00"
STUDENTS = ("#56b4e9", "#0f83c9", "#00a878", "#cc79a7", "#e69f00", "#8f7ee0", "#b2df64", "#125459")
CAUSES = ("#d55e00", "#e69f00", "#cc79a7", "#56b4e9", "#00a878", "#8f7ee0", "#8a919e")


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure of the page.

    Attributes:
        name: of its CSV file and its element.
        title: of the figure.
        caption: how to read it.
        traces: for plotly.
        layout: for plotly, without the colours of the page.
        columns: headings of its table, with units.
        rows: its numbers.
        height: px.
        wide: whether it fills the width of the page.
    """

    name: str
    title: str
    caption: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    height: int = 340
    wide: bool = False


def model_colour(name: str) -> str:
    """Return the colour of the teacher, of the baseline, or of a round's student."""
    if name == "teacher":
        return TEACHER
    if name == "none":
        return NONE
    return STUDENTS[int(name.split()[-1]) % len(STUDENTS)]


def model_label(name: str, best: int | None = None) -> str:
    """Return the name of a model in legends."""
    if name == "none":
        return "no pretraining"
    if name == "student 0":
        return "student 0 (one-shot)" + (", best" if best == 0 else "")
    return name + (", best" if name == f"student {best}" else "")


def csv_text(figure: Figure) -> str:
    """Return a figure's table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(figure.columns)
    writer.writerows(["" if value is None else value for value in row] for row in figure.rows)
    return text.getvalue()


def plain_figure(figure: Figure) -> dict[str, Any]:
    """Return the values of a figure for the page, JSON-able; non-finite ones are null."""
    plain: dict[str, Any] = _plain(
        {"name": figure.name, "traces": figure.traces, "layout": figure.layout}
    )
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def two_panels(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Return the axes of two panels side by side, from the x and y axes of each."""
    return {
        "xaxis": {"domain": [0.0, 0.44], "anchor": "y", **left["x"]},
        "yaxis": {"anchor": "x", **left["y"]},
        "xaxis2": {"domain": [0.56, 1.0], "anchor": "y2", **right["x"]},
        "yaxis2": {"anchor": "x2", **right["y"]},
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis with a title, which names the unit."""
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": 13}},
        "automargin": True,
        **more,
    }


def round_axis(rounds: Sequence[int]) -> dict[str, Any]:
    """Return the axis of rounds: whole numbers only."""
    step = max(1, math.ceil(len(rounds) / 10))
    return axis(
        "round", tickmode="linear", tick0=0, dtick=step, range=[-0.5, max(rounds, default=0) + 0.5]
    )
