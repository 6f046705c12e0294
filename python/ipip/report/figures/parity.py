"""Predicted against reference values of the models of a direct comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipip.report.content import FloatArray, Parity, ReportData
from ipip.report.figures.figure import Figure, axis, model_colour, model_label

SHOWN = 1500  # points of a panel; a page with a whole large test set would not open


def parity_figures(content: ReportData) -> list[Figure]:
    """Return parity plots of force components and energies."""
    best = content.summary["best_round"]
    names = {"teacher", "none", "student 0", f"student {best}"}
    models = [model for model in content.parity if model.name in names]
    if not models:
        return []
    figures = [_figure(content, models, "forces", "force component", "eV/Å")]
    if all(len(model.reference_energy) for model in models):
        figures.append(_figure(content, models, "energies", "energy", "eV/atom"))
    return figures


def _figure(
    content: ReportData, models: list[Parity], kind: str, quantity: str, unit: str
) -> Figure:
    best = content.summary["best_round"]
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "showlegend": False}
    rows: list[tuple[Any, ...]] = []
    shown = [_values(model, kind)[0] for model in models]
    if kind == "energies":  # a student's worst force would compress all others
        shown += [_values(model, kind)[1] for model in models]
    low, high = _reach(shown)
    width = (1.0 - 0.06 * (len(models) - 1)) / len(models)
    for number, model in enumerate(models):
        reference, predicted = _values(model, kind)
        error = float(np.abs(predicted - reference).mean()) if len(reference) else 0.0
        outside = int(np.count_nonzero((predicted < low) | (predicted > high)))
        x, y = _thinned(reference, predicted)
        suffix = "" if number == 0 else str(number + 1)
        left = number * (width + 0.06)
        layout[f"xaxis{suffix}"] = axis(
            f"reference ({unit})",
            domain=[left, left + width],
            anchor=f"y{suffix}",
            range=[low, high],
            nticks=5,
        )
        layout[f"yaxis{suffix}"] = axis(
            f"predicted ({unit})" if number == 0 else "",
            anchor=f"x{suffix}",
            range=[low, high],
            nticks=5,
            showticklabels=number == 0,
        )
        common = {"type": "scatter", "xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        traces.append(
            common
            | {
                "mode": "lines",
                "x": [low, high],
                "y": [low, high],
                "line": {"color": "@grid", "width": 1.5},
                "hoverinfo": "skip",
            }
        )
        traces.append(
            common
            | {
                "mode": "markers",
                "x": x.round(4),
                "y": y.round(4),
                "marker": {
                    "color": model_colour(model.name),
                    "size": 4 if len(x) > 200 else 7,
                    "opacity": 0.55,
                },
                "hovertemplate": "reference %{x}, predicted %{y}<extra>" + model.name + "</extra>",
            }
        )
        mean = f"{1000 * error:.1f} meV/atom" if kind == "energies" else f"{error:.3f} {unit}"
        layout["annotations"].append(
            {
                "xref": "paper",
                "yref": "paper",
                "x": left + width / 2,
                "y": 1.02,
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
                "text": f"<b>{model_label(model.name, best)}</b><br>MAE {mean}"
                + (f"; {outside} outside" if outside else ""),
            }
        )
        rows += [(model.name, *pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
    total = len(_values(models[0], kind)[0])
    zero = ", relative to atomic energies fitted to the reference" if kind == "energies" else ""
    thinned = f" {SHOWN} of {total} points are shown." if total > SHOWN else ""
    return Figure(
        f"parity-{kind}",
        f"Parity of {kind}",
        f"Each point is one {quantity} of a held-out frame{zero}.{thinned}",
        traces,
        layout,
        ("model", f"reference ({unit})", f"predicted ({unit})"),
        rows,
        height=360,
        wide=True,
    )


def _values(model: Parity, kind: str) -> tuple[FloatArray, FloatArray]:
    if kind == "forces":
        return model.reference, model.predicted
    return model.reference_energy, model.predicted_energy


def _reach(values: list[FloatArray]) -> tuple[float, float]:
    low = min((float(v.min()) for v in values if len(v)), default=-1.0)
    high = max((float(v.max()) for v in values if len(v)), default=1.0)
    margin = 0.1 * max(high - low, 1e-3)
    return low - margin, high + margin


def _thinned(reference: FloatArray, predicted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a random selection of points, the same for every model."""
    if len(reference) <= SHOWN:
        return reference, predicted
    chosen = np.sort(np.random.default_rng(0).choice(len(reference), size=SHOWN, replace=False))
    return reference[chosen], predicted[chosen]
