"""Expected errors of the forces: against the true ones by round, and along explorations."""

from __future__ import annotations

from typing import Any

from ipip.pages.numbers import THREE_DIGITS
from ipip.report.content import ReportData
from ipip.report.figures.figure import (
    TEACHER,
    Figure,
    axis,
    model_colour,
    model_label,
    round_axis,
    two_panels,
)

LOG = {"type": "log", "tickvals": [m * 10.0**e for e in range(-5, 7) for m in (1, 1.5, 2, 3, 5, 7)]}


def uncertainty_figures(content: ReportData) -> list[Figure]:
    """Return the figures on expected errors; none if no student has any."""
    figures = []
    if content.expected_errors:
        figures.append(against_true_errors(content))
    if content.errors_over_time:
        figures.append(over_time(content))
    return figures


def against_true_errors(content: ReportData) -> Figure:
    """Draw true against expected errors for each round, and their rank correlation by round."""
    students = content.expected_errors
    best = content.summary["best_round"]
    values = [v for one in students for v in (*one.expected, *one.observed) if v > 0]
    reach = [min(values, default=0.01), max(values, default=1.0)]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "as expected",
            "x": reach,
            "y": reach,
            "line": {"color": TEACHER, "dash": "dash", "width": 1.5},
            "hoverinfo": "skip",
        }
    ]
    traces += [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": model_label(one.name, best),
            "x": list(one.expected),
            "y": list(one.observed),
            "line": {"color": model_colour(one.name), "width": 2},
            "marker": {"size": 6},
            "hovertemplate": f"expected %{{x:{THREE_DIGITS}}}, true %{{y:{THREE_DIGITS}}} eV/Å"
            + f"<extra>{one.name}</extra>",
        }
        for one in students
    ]
    rounds = [int(one.name.split()[-1]) for one in students]
    for title, ranks, dash in (
        ("rank correlation", [one.rank_correlation for one in students], "solid"),
        ("worst tenth detected (AUC)", [one.auc_worst_tenth for one in students], "dot"),
        ("below the stated multiple", [one.below for one in students], "dashdot"),
    ):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": title,
                "x": rounds,
                "y": ranks,
                "xaxis": "x2",
                "yaxis": "y2",
                "line": {"color": "@ink", "dash": dash, "width": 1.8},
                "marker": {"size": 7},
                "hovertemplate": f"round %{{x}}: %{{y:{THREE_DIGITS}}}<extra>{title}</extra>",
            }
        )
    layout = two_panels(
        {
            "x": axis("expected error of a force (eV/Å)", **LOG),
            "y": axis("true error (eV/Å)", **LOG),
        },
        {"x": round_axis(rounds), "y": axis("on held-out frames", range=[0.0, 1.05])},
    )
    rows = [
        (one.name, expected, observed, one.rank_correlation, one.auc_worst_tenth, one.below)
        for one in students
        for expected, observed in zip(one.expected, one.observed, strict=True)
    ]
    quantile = format(students[0].quantile, ".0%").replace("%", " %")
    return Figure(
        "uncertainty-by-round",
        "Expected against true errors by round",
        "Atoms of the held-out frames in bins by the expected error of the force: mean true error "
        "against mean expected error; on the dashed line they are equal. Right: rank correlation "
        "of expected and true errors, detection of the worst tenth (0.5: by chance), and the "
        f"fraction below the multiple that {quantile} of the validation errors are below.",
        traces,
        layout,
        (
            "model",
            "expected error (eV/Å)",
            "true error (eV/Å)",
            "rank correlation",
            "AUC, worst tenth",
            "below the stated multiple",
        ),
        rows,
        height=380,
        wide=True,
    )


def over_time(content: ReportData) -> Figure:
    """Draw the largest expected error of a force along explorations of each round."""
    traces: list[dict[str, Any]] = []
    rounds_named: set[int] = set()
    for run in content.errors_over_time:
        colour = model_colour(f"student {run.student}")
        sizes = [0] * (len(run.times) - 1) + [10 if run.failed else 0]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"round {run.round}, student {run.student}",
                "legendgroup": str(run.round),
                "showlegend": run.round not in rounds_named,
                "x": list(run.times),
                "y": list(run.errors),
                "line": {"color": colour, "width": 1.3},
                "marker": {"symbol": "x", "size": sizes, "color": colour},
                "hovertemplate": f"%{{x:{THREE_DIGITS}}} ps: %{{y:{THREE_DIGITS}}} eV/Å"
                + f"<extra>round {run.round}, {run.name}</extra>",
            }
        )
        rounds_named.add(run.round)
    guard = ""
    if content.uncertainty_bound is not None:
        longest = max(run.times[-1] for run in content.errors_over_time)
        guard = " The dashed line is the guard that ends runs (guards.max_uncertainty)."
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "guard",
                "x": [0.0, longest],
                "y": [content.uncertainty_bound] * 2,
                "line": {"color": "@ink", "dash": "dash", "width": 1.5},
                "hovertemplate": f"guard: %{{y:{THREE_DIGITS}}} eV/Å<extra></extra>",
            }
        )
    return Figure(
        "uncertainty-over-time",
        "Expected errors over time",
        "Largest expected error of a force on any atom along explorations of each round, up to six "
        "runs of a round, by the student that ran them. Cross: the run left its bounds." + guard,
        traces,
        {
            "xaxis": axis("time (ps)", rangemode="tozero"),
            "yaxis": axis("largest expected error (eV/Å)", **LOG),
        },
        ("round", "student", "run", "unstable", "time (ps)", "largest expected error (eV/Å)"),
        [
            (run.round, run.student, run.name, run.failed, time, error)
            for run in content.errors_over_time
            for time, error in zip(run.times, run.errors, strict=True)
        ],
        height=380,
        wide=True,
    )
