"""Stability of student MD: failure rates with intervals, survival over time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ipip.pages.numbers import THREE_DIGITS
from ipip.report.content import ModelResult, ReportData, StabilityRun
from ipip.report.figures.figure import CAUSES, Figure, axis, model_colour, model_label


def stability_figures(content: ReportData) -> list[Figure]:
    """Return the figures on stability; none without runs."""
    models = [model for model in content.models if model.runs]
    if not models:
        return []
    return [failures(content, models), survival(content, models)]


def failures(content: ReportData, models: Sequence[ModelResult]) -> Figure:
    """Draw the failure rate of each model by cause, with the Wilson interval."""
    best = content.summary["best_round"]
    labels = [
        model_label(model.name, best).replace(" (one-shot)", "<br>(one-shot)") for model in models
    ]
    counts = [Counter(_cause(run) for run in model.runs if run.failed) for model in models]
    causes = sorted({cause for count in counts for cause in count})
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": cause,
            "x": labels,
            "y": [100 * c[cause] / len(m.runs) for c, m in zip(counts, models, strict=True)],
            "marker": {"color": CAUSES[number % len(CAUSES)]},
            "hovertemplate": "%{x}: %{y:.0f} %<extra>" + cause + "</extra>",
        }
        for number, cause in enumerate(causes)
    ]
    intervals = {m.name: _interval(content, m.name) for m in models}
    rates = [100 * sum(run.failed for run in m.runs) / len(m.runs) for m in models]
    low = [100 * intervals[m.name][0] for m in models]
    high = [100 * intervals[m.name][1] for m in models]
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "failure rate, 95 %",
            "x": labels,
            "y": rates,
            "marker": {"color": "@ink", "size": 8},
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, h - r) for h, r in zip(high, rates, strict=True)],
                "arrayminus": [max(0.0, r - b) for b, r in zip(low, rates, strict=True)],
                "color": "@ink",
                "thickness": 1.5,
                "width": 6,
            },
            "hovertemplate": "%{x}: %{y:.0f} % failed<extra></extra>",
        }
    )
    traces.append(
        {
            "type": "scatter",
            "mode": "text",
            "x": labels,
            "y": [bound + 2 for bound in high],
            "text": [f"{sum(run.failed for run in m.runs)} of {len(m.runs)}" for m in models],
            "textposition": "top center",
            "showlegend": False,
            "hoverinfo": "skip",
        }
    )
    rows = [
        (
            model.name,
            sum(run.failed for run in model.runs),
            len(model.runs),
            *intervals[model.name],
            *(count[cause] for cause in causes),
        )
        for model, count in zip(models, counts, strict=True)
    ]
    return Figure(
        "failures",
        "Failed stability runs",
        "Student MD in LAMMPS that left its bounds, by the crossed bound. Whiskers: Wilson's "
        "95 % interval of the rate.",
        traces,
        {
            "barmode": "stack",
            "xaxis": axis("", type="category", range=[-0.5, len(models) - 0.5]),
            "yaxis": axis("failed runs (%)", range=[-2, 116], tickvals=[0, 20, 40, 60, 80, 100]),
        },
        ("model", "failed", "runs", "95 % low", "95 % high", *causes),
        rows,
    )


def survival(content: ReportData, models: Sequence[ModelResult]) -> Figure:
    """Draw the Kaplan-Meier estimate of the fraction of runs that survive a time."""
    best = content.summary["best_round"]
    traces, rows = [], []
    for number, model in enumerate(models):
        points = kaplan_meier(model.runs)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": model_label(model.name, best),
                "x": [time for time, _ in points],
                "y": [100 * part for _, part in points],
                "line": {
                    "shape": "hv",
                    "width": 2.5,
                    "color": model_colour(model.name),
                    "dash": ("solid", "dash", "dot", "dashdot")[number % 4],
                },
                "hovertemplate": f"%{{x:{THREE_DIGITS}}} ps: %{{y:.0f}} %<extra>"
                + model.name
                + "</extra>",
            }
        )
        rows += [(model.name, time, part) for time, part in points]
    return Figure(
        "survival",
        "Survival of the stability runs",
        "Fraction of the runs that are still stable after a time (Kaplan-Meier).",
        traces,
        {
            "xaxis": axis("time (ps)", rangemode="tozero"),
            "yaxis": axis("surviving runs (%)", range=[-3, 105]),
        },
        ("model", "time (ps)", "surviving fraction"),
        rows,
    )


def kaplan_meier(runs: Sequence[StabilityRun]) -> list[tuple[float, float]]:
    """Return the survival curve: (time in ps, surviving fraction), from time 0 on.

    Runs that reached their end are censored at it. Kaplan and Meier, J. Am. Stat. Assoc. 53, 457
    (1958).
    """
    points = [(0.0, 1.0)]
    part = 1.0
    for time in sorted({run.time_ps for run in runs if run.failed}):
        at_risk = sum(run.time_ps >= time for run in runs)
        failed = sum(run.failed and run.time_ps == time for run in runs)
        part *= 1 - failed / at_risk
        points.append((time, part))
    end = max((run.time_ps for run in runs), default=0.0)
    if end > points[-1][0]:
        points.append((end, part))
    return points


def _cause(run: StabilityRun) -> str:
    return (run.reason or "unknown").replace("_", " ")


def _interval(content: ReportData, name: str) -> tuple[float, float]:
    summary = content.summary
    entry = summary["none"] if name == "none" else summary["rounds"][int(name.split()[-1])]
    low, high = entry["failures"]["wilson95"]
    return (low, high) if math.isfinite(low) else (0.0, 1.0)
