"""Errors on the held-out frames by round, element and configuration; learning curves."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from ipip.pages.numbers import FOUR_DIGITS
from ipip.report.content import ModelResult, ReportData
from ipip.report.figures.figure import (
    Figure,
    axis,
    model_colour,
    model_label,
    round_axis,
    two_panels,
)

FORCE, ENERGY = "force_mae_ev_per_a", "energy_mae_mev_per_atom"


def accuracy_figures(content: ReportData) -> list[Figure]:
    """Return the figures on accuracy that the results allow."""
    figures = [by_round(content)]
    kinds_shown = []
    for key, title, name in (
        ("by_element", "element", "errors-by-element"),
        ("by_config_type", "kind of configuration", "errors-by-configuration"),
    ):
        kinds = sorted({kind for model in content.models for kind in model.test.get(key, {})})
        if kinds and not (key == "by_config_type" and len(kinds) < 2):
            kinds_shown.append(by_kind(content, key, kinds, title, name))
    if len(kinds_shown) == 1:  # nothing to compare with
        kinds_shown = [dataclasses.replace(kinds_shown[0], wide=True)]
    figures += kinds_shown
    if content.curves:
        figures.append(learning_curves(content))
    return figures


def compared(content: ReportData) -> list[ModelResult]:
    """Return the models of a direct comparison: teacher, baseline, one-shot, best."""
    best = f"student {content.summary['best_round']}"
    names = {"teacher", "none", "student 0", best}
    return [model for model in content.models if model.name in names]


def by_round(content: ReportData) -> Figure:
    """Draw force and energy error by round, with teacher and baseline as lines."""
    students = [model for model in content.models if model.name.startswith("student")]
    rounds = [int(model.name.split()[-1]) for model in students]
    best = content.summary["best_round"]
    rolled = {e["round"] for e in content.summary["rounds"] if e.get("rolled_back")}
    symbols = ["star" if k == best else "x" if k in rolled else "circle" for k in rounds]
    sizes = [15 if k == best else 9 for k in rounds]
    traces: list[dict[str, Any]] = []
    for key, unit, suffix in ((FORCE, "eV/Å", ""), (ENERGY, "meV/atom", "2")):
        values = [model.test.get(key) for model in students]
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "student",
            "legendgroup": "student",
            "showlegend": suffix == "",
            "x": rounds,
            "y": values,
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "line": {"color": model_colour("student 1"), "width": 2.5},
            "marker": {"symbol": symbols, "size": sizes},
            "hovertemplate": f"round %{{x}}: %{{y:{FOUR_DIGITS}}} {unit}<extra></extra>",
        }
        if key == FORCE and all(model.interval is not None for model in students):
            trace["error_y"] = {
                "type": "data",
                "symmetric": False,
                "array": [_above(model, key) for model in students],
                "arrayminus": [_below(model, key) for model in students],
                "thickness": 1.2,
            }
        traces.append(trace)
        traces += _levels(content, rounds, key, suffix)
    layout = two_panels(
        {"x": round_axis(rounds), "y": axis("force MAE (eV/Å)", rangemode="tozero")},
        {"x": round_axis(rounds), "y": axis("energy MAE (meV/atom)", rangemode="tozero")},
    )
    rows = [
        (
            model.name,
            model.test.get(FORCE),
            *(model.interval or (None, None)),
            model.test.get("force_rmse_ev_per_a"),
            model.test.get(ENERGY),
        )
        for model in content.models
    ]
    crossed = "; a cross: a round that was rolled back" if rolled else ""
    return Figure(
        "errors-by-round",
        "Error by round",
        f"Mean absolute errors on the held-out reference frames. {_bars(content)} Star: the "
        f"student to use{crossed}. Round 0 is pretraining once (one-shot).",
        traces,
        layout,
        (
            "model",
            "force MAE (eV/Å)",
            "95 % low",
            "95 % high",
            "force RMSE (eV/Å)",
            "energy MAE (meV/atom)",
        ),
        rows,
        height=380,
        wide=True,
    )


def _bars(content: ReportData) -> str:
    """Describe the bars, or why there are none."""
    intervals = content.summary["intervals"]
    if intervals["withheld"] is not None:
        return f"No intervals: {intervals['withheld']}."
    return f"Bars: 95 % interval over {intervals['count']} {intervals['over']}."


def _above(model: ModelResult, key: str) -> float:
    return 0.0 if model.interval is None else model.interval[1] - float(model.test[key])


def _below(model: ModelResult, key: str) -> float:
    return 0.0 if model.interval is None else float(model.test[key]) - model.interval[0]


def _levels(
    content: ReportData, rounds: list[int], key: str, suffix: str
) -> Iterable[dict[str, Any]]:
    """Yield a horizontal line for each model without rounds."""
    reach = [-0.5, max(rounds, default=0) + 0.5]
    for name, dash in (("teacher", "dash"), ("none", "dot"), ("student 0", "dashdot")):
        model = next((m for m in content.models if m.name == name), None)
        value = None if model is None else model.test.get(key)
        if value is None or (name == "student 0" and len(rounds) < 2):
            continue
        yield {
            "type": "scatter",
            "mode": "lines",
            "name": "one-shot" if name == "student 0" else model_label(name),
            "legendgroup": name,
            "showlegend": suffix == "",
            "x": reach,
            "y": [value, value],
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "line": {"dash": dash, "width": 1.8, "color": model_colour(name)},
            "hovertemplate": f"{model_label(name)}: %{{y:{FOUR_DIGITS}}}<extra></extra>",
        }


def by_kind(content: ReportData, key: str, kinds: list[str], what: str, name: str) -> Figure:
    """Draw the force error by element or by kind of configuration."""
    best = content.summary["best_round"]
    traces = [
        {
            "type": "bar",
            "name": model_label(model.name, best),
            "x": kinds,
            "y": [model.test.get(key, {}).get(kind, {}).get(FORCE) for kind in kinds],
            "marker": {"color": model_colour(model.name)},
            "hovertemplate": "%{x}: %{y:.3f} eV/Å<extra>" + model.name + "</extra>",
        }
        for model in compared(content)
    ]
    rows = [
        (model.name, kind, figures.get(FORCE), figures.get(ENERGY), figures.get("n_atoms"))
        for model in content.models
        for kind, figures in sorted(model.test.get(key, {}).items())
    ]
    return Figure(
        name,
        f"Force error by {what}",
        "Its table has every round.",
        traces,
        {
            "barmode": "group",
            "xaxis": axis("" if len(kinds) > 6 else what, type="category"),
            "yaxis": axis("force MAE (eV/Å)", rangemode="tozero"),
        },
        ("model", what, "force MAE (eV/Å)", "energy MAE (meV/atom)", "atoms"),
        rows,
        wide=len(kinds) > 6,
    )


def learning_curves(content: ReportData) -> Figure:
    """Draw the validation error of every training by optimiser step."""
    traces = []
    for curve in content.curves:
        suffix = "" if curve.kind == "pretraining" else "2"
        colour = model_colour(f"student {curve.round}")
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"round {curve.round}",
                "legendgroup": str(curve.round),
                "showlegend": suffix == "",
                "x": [step for step, _ in curve.points],
                "y": [value for _, value in curve.points],
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
                "line": {"color": colour, "width": 2},
                "hovertemplate": "step %{x}: %{y:.4f} eV/Å<extra>round " + f"{curve.round}</extra>",
            }
        )
    error = {
        "type": "log",
        "tickvals": [m * 10**e for e in range(-4, 3) for m in (1, 1.5, 2, 3, 4, 5, 7)],
    }
    layout = two_panels(
        {
            "x": axis("pretraining: optimiser steps", rangemode="tozero"),
            "y": axis("validation force MAE (eV/Å)", **error),
        },
        {
            "x": axis("fine-tuning: optimiser steps", rangemode="tozero"),
            "y": axis("validation force MAE (eV/Å)", **error),
        },
    )
    rows = [
        (curve.kind, curve.round, step, value)
        for curve in content.curves
        for step, value in curve.points
    ]
    return Figure(
        "learning-curves",
        "Learning curves",
        "Validation force error with averaged weights. Left: on held-out pretraining frames "
        "(labels of that round). Right: on the reference validation frames.",
        traces,
        layout,
        ("training", "round", "step", "validation force MAE (eV/Å)"),
        rows,
        height=360,
        wide=True,
    )
