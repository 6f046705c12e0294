"""The report as a single HTML page that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ipip.pages import PageFigure, card_of
from ipip.pages import render_page as render
from ipip.pages.numbers import format_number
from ipip.report.content import ReportData
from ipip.report.figures import (
    Figure,
    accuracy_figures,
    cost_figures,
    csv_text,
    frame_figures,
    parity_figures,
    physics_figures,
    plain_figure,
    species_figures,
    stability_figures,
    uncertainty_figures,
)
from ipip.report.table import HEADER, busy_sentence, describe_speed, format_failures, table_rows

TEMPLATE = Path(__file__).with_name("page.html.j2")
FORCE = "force_mae_ev_per_a"
TOLERATED = 0.1  # fraction of failed stability runs; above it a student is not rated good


def render_page(content: ReportData, title: str) -> str:
    """Return the page: verdict, key numbers, table, figures by section, provenance.

    Args:
        content: of the report; `content.models` has the teacher first.
        title: of the browser's tab.
    """
    sections = [
        ("accuracy", "Accuracy", [*accuracy_figures(content), *parity_figures(content)]),
        ("stability", "Stability", stability_figures(content)),
        ("uncertainty", "Uncertainty", uncertainty_figures(content)),
        ("physics", "Physics", physics_figures(content)),
        ("frames", "Frames and labels", frame_figures(content)),
        ("species", "Species", species_figures(content)),
        ("cost", "Speed and cost", cost_figures(content)),
    ]
    shown = [(name, heading, figures) for name, heading, figures in sections if figures]
    everything = [figure for _, _, figures in shown for figure in figures]
    return render(
        TEMPLATE,
        [plain_figure(figure) for figure in everything],
        title=title,
        verdict=content.summary["verdict"],
        tone=_tone(content),
        speed=describe_speed(content.summary),
        stopped=content.summary.get("stopped"),
        numbers=_numbers(content),
        header=HEADER,
        rows=table_rows(content.summary),
        sections=[
            {"name": name, "title": heading, "figures": [_card(figure) for figure in figures]}
            for name, heading, figures in shown
        ],
        notes=content.notes,
        links=content.links,
        settings=content.settings,
        versions=sorted(content.versions.items()),
    )


def _card(figure: Figure) -> dict[str, Any]:
    """Return the values of a figure for the template."""
    values = {
        name: getattr(figure, name) for name in ("name", "title", "caption", "height", "wide")
    }
    return card_of(PageFigure(**values, traces=[], layout={}, csv=csv_text(figure)))


def _tone(content: ReportData) -> str:
    """Return the colour of the verdict, by the interval of the best student's error, if any.

    A student whose MD fails noticeably often is not good, however small its errors are.
    """
    models = {model.name: model for model in content.models}
    best = models.get(f"student {content.summary['best_round']}")
    teacher = content.summary["teacher"]["test"][FORCE]
    if best is None or best.interval is None:
        return "plain"
    failures = content.summary["rounds"][content.summary["best_round"]]["failures"]
    steady = not failures["total"] or failures["wilson95"][0] <= TOLERATED
    if best.interval[1] < teacher:
        return "good" if steady else "plain"
    return "bad" if best.interval[0] > teacher else "plain"


def _numbers(content: ReportData) -> list[dict[str, str]]:
    """Return the numbers at the top: error, failures, speed, frames."""
    summary = content.summary
    best = summary["rounds"][summary["best_round"]]
    teacher = summary["teacher"]
    first = summary["rounds"][0]
    numbers = [
        {
            "what": "force MAE on held-out frames",
            "value": f"{best['test'][FORCE]:.3f} eV/Å",
            "than": f"teacher {teacher['test'][FORCE]:.3f}, one-shot {first['test'][FORCE]:.3f}",
        },
        {
            "what": "failed stability runs",
            "value": f"{best['failures']['failed']} of {best['failures']['total']}",
            "than": f"round 0: {format_failures(first['failures'])}",
        },
    ]
    cost, teacher_cost = best["us_per_atom_step"], teacher["us_per_atom_step"]
    if cost and teacher_cost:
        numbers.append(
            {
                "what": "speed against the teacher",
                "value": f"{format_number(teacher_cost / cost)}×",
                "than": f"{format_number(cost)} against {format_number(teacher_cost)} µs/atom/step"
                + ("; timed on a busy machine" if busy_sentence(summary) else ""),
            }
        )
    last = summary["rounds"][-1]
    numbers.append(
        {
            "what": "student to use",
            "value": f"student {summary['best_round']}",
            "than": f"of {len(summary['rounds'])}; the last saw {last['kept'] + last['new']} "
            "pretraining frames",
        }
    )
    return numbers
