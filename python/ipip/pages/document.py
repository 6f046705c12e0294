"""Rendering of texts, tables and figures as a page with style, themes and plotly's script."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

FOLDER = Path(__file__).parent
PLAIN = "plain.html.j2"


@dataclasses.dataclass(frozen=True)
class PageFigure:
    """One figure of a page.

    Attributes:
        name: of its element and its files: letters, digits and -.
        title: of the figure.
        caption: how to read it.
        traces, layout: for plotly, JSON-able; the style sets the colours of page and axes.
        height: px.
        wide: whether it fills the width of the page.
        csv: its numbers as CSV, or None.
    """

    name: str
    title: str
    caption: str
    traces: list[dict[str, Any]]
    layout: dict[str, Any]
    height: int = 340
    wide: bool = False
    csv: str | None = None


def figure_of(
    figure: go.Figure,
    name: str,
    title: str,
    caption: str = "",
    *,
    height: int = 420,
    wide: bool = False,
) -> PageFigure:
    """Return a figure of plotly's Python package as a page figure; see `PageFigure`.

    Its title, size and template are replaced by those of the page.
    """
    plain = json.loads(figure.to_json())
    layout = {
        key: value
        for key, value in plain["layout"].items()
        if key not in ("title", "template", "width", "height")
    }
    return PageFigure(name, title, caption, plain["data"], layout, height, wide)


def card_of(figure: PageFigure) -> dict[str, Any]:
    """Return the values of a figure for a template."""
    csv = None
    if figure.csv is not None:
        coded = base64.b64encode(figure.csv.encode()).decode()
        csv = f"data:text/csv;charset=utf-8;base64,{coded}"
    names = ("name", "title", "caption", "height", "wide")
    return {name: getattr(figure, name) for name in names} | {"csv": csv}


def render_page(template: Path, figures: Sequence[Mapping[str, Any]], **values: Any) -> str:
    """Return a page from a template that extends `base.html.j2`.

    Args:
        template: its file.
        figures: name, traces and layout of each figure, JSON-able.
        **values: of the template; `title` is shown in the browser's tab.
    """
    import jinja2
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, FOLDER]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    text = json.dumps(list(figures), allow_nan=False).replace("</", "<\\/")
    return environment.get_template(template.name).render(
        plotly=get_plotlyjs(), figures=text, **values
    )


def render_plain_page(
    *,
    name: str,
    title: str,
    heading: str,
    sentences: Sequence[str] = (),
    header: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    figures: Sequence[PageFigure] = (),
    links: Sequence[str] = (),
) -> str:
    """Return a page of a heading, a table and figures.

    Args:
        name: kind of page, shown in its bar.
        title: of the browser's tab, and of the page.
        heading: the result, in a sentence.
        sentences: further text.
        header: of the table; empty for none.
        rows: of the table.
        figures: in order.
        links: files beside the page.
    """
    return render_page(
        FOLDER / PLAIN,
        [{"name": f.name, "traces": f.traces, "layout": f.layout} for f in figures],
        name=name,
        title=title,
        heading=heading,
        sentences=sentences,
        header=header,
        rows=rows,
        cards=[card_of(figure) for figure in figures],
        links=links,
    )
