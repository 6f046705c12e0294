"""The cost of the run and its students: time per atom and step, wall time, teacher calls."""

from __future__ import annotations

from ipip.pages.numbers import FOUR_DIGITS, THREE_DIGITS, format_number
from ipip.report.content import ReportData
from ipip.report.figures.figure import Figure, axis, model_colour, model_label, round_axis
from ipip.report.table import busy_sentence


def cost_figures(content: ReportData) -> list[Figure]:
    """Return the figures on speed and cost that the results allow."""
    figures = []
    if any(model.us_per_atom_step for model in content.models):
        figures.append(speed(content))
    if content.costs:
        figures.append(wall_time(content))
    return figures


def speed(content: ReportData) -> Figure:
    """Draw the time per atom and step of teacher and students."""
    models = [model for model in content.models if model.us_per_atom_step]
    best = content.summary["best_round"]
    teacher = next((m.us_per_atom_step for m in models if m.name == "teacher"), None)
    texts = []
    for model in models:
        pace = model.us_per_atom_step or 0.0
        text = f"{format_number(pace)} µs"
        if teacher and model.name != "teacher":
            text += f"  ({format_number(teacher / pace)} times faster)" if pace < teacher else ""
        texts.append(text)
    return Figure(
        "speed",
        "Speed",
        "One thread, on the same box: the teacher's evaluation, the students' MD in LAMMPS. "
        + busy_sentence(content.summary),
        [
            {
                "type": "bar",
                "orientation": "h",
                "y": [model_label(model.name, best) for model in models],
                "x": [model.us_per_atom_step for model in models],
                "marker": {"color": [model_colour(model.name) for model in models]},
                "text": texts,
                "textposition": "auto",
                "hovertemplate": f"%{{y}}: %{{x:{FOUR_DIGITS}}} µs<extra></extra>",
            }
        ],
        {
            "showlegend": False,
            "xaxis": axis("µs per atom and step", rangemode="tozero", showgrid=True),
            "yaxis": axis("", type="category", autorange="reversed", showgrid=False),
        },
        ("model", "µs per atom and step"),
        [(model.name, model.us_per_atom_step) for model in models],
    )


def wall_time(content: ReportData) -> Figure:
    """Draw the wall time of each round by stage."""
    total = sum(cost.wall_s for cost in content.costs)
    unit, factor = ("min", 60.0) if total < 3 * 3600 else ("h", 3600.0)
    table: dict[str, dict[int, float]] = {}
    colours = {cost.label: cost.colour for cost in content.costs}
    rounds: set[int] = set()
    for cost in sorted(content.costs, key=lambda cost: cost.place):
        rounds.add(cost.round)
        of_label = table.setdefault(cost.label, {})
        of_label[cost.round] = of_label.get(cost.round, 0.0) + cost.wall_s / factor
    order = sorted(rounds)
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": order,
            "y": [by_round.get(index, 0.0) for index in order],
            "marker": {"color": colours[name]},
            "hovertemplate": f"round %{{x}}: %{{y:{THREE_DIGITS}}} {unit}"
            + "<extra>"
            + name
            + "</extra>",
        }
        for name, by_round in table.items()
    ]
    calls = sum(cost.teacher_calls for cost in content.costs)
    return Figure(
        "wall-time",
        "Wall time",
        f"{format_number(total / factor)} {unit} in all; {calls} evaluations of the teacher, its "
        "MD included.",
        traces,
        {"barmode": "stack", "xaxis": round_axis(order), "yaxis": axis(f"wall time ({unit})")},
        ("stage", "wall time (s)", "teacher evaluations"),
        [(cost.stage, cost.wall_s, cost.teacher_calls) for cost in content.costs],
    )
