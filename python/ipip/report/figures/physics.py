"""The physics checks of teacher and students, round by round."""

from __future__ import annotations

from typing import Any

from ipip.report.content import ReportData
from ipip.report.figures.figure import Figure, axis, model_label

STATES = {"fails": 0, "does not apply": 1, "holds": 2}
SIGNS = {"fails": "✗", "does not apply": "–", "holds": "✓"}
# Bands of one colour each: fails, does not apply, holds.
SCALE = [
    [0.0, "#d55e00"], [1 / 3, "#d55e00"],
    [1 / 3, "#c9ced6"], [2 / 3, "#c9ced6"],
    [2 / 3, "#00a878"], [1.0, "#00a878"],
]  # fmt: skip
ROW = 26  # px


def physics_figures(content: ReportData) -> list[Figure]:
    """Return the figure of the physics checks; none without checks."""
    return [physics(content)] if content.physics else []


def physics(content: ReportData) -> Figure:
    """Draw the state of each check for each model."""
    best = content.summary["best_round"]
    titles = list(dict.fromkeys(t for model in content.physics for t, _, _ in model.checks))
    states = [{t: (state, what) for t, state, what in model.checks} for model in content.physics]
    missing = ("does not apply", "")
    fields = [[own.get(title, missing) for own in states] for title in titles]
    labels = [model_label(model.name, best) for model in content.physics]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": labels,
        "y": titles,
        "z": [[STATES[state] for state, _ in row] for row in fields],
        "text": [[SIGNS[state] for state, _ in row] for row in fields],
        "texttemplate": "%{text}",
        "customdata": [[what for _, what in row] for row in fields],
        "hovertemplate": "%{x}, %{y}: %{customdata}<extra></extra>",
        "colorscale": SCALE,
        "zmin": 0,
        "zmax": 2,
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
    }
    rows = [
        (title, model.name, *own.get(title, missing))
        for title in titles
        for model, own in zip(content.physics, states, strict=True)
    ]
    return Figure(
        "physics-checks",
        "Physics checks",
        "Physics that every potential must obey: ✓ holds, ✗ fails, – does not apply. "
        "Hover for the measure and its bound.",
        [trace],
        {
            "xaxis": axis("", type="category", side="top"),
            "yaxis": axis("", type="category", autorange="reversed"),
        },
        ("check", "model", "state", "found"),
        rows,
        height=110 + ROW * len(titles),
        wide=True,
    )
