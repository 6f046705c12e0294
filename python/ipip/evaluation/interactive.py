"""Learning curves and parity as one self-contained HTML page in the report's style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from ase.data import atomic_numbers
from plotly.subplots import make_subplots

from ipip.data.elements import elements_of
from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.evaluation.metrics import Metrics, metrics
from ipip.evaluation.parity import COLOURS, energies_per_atom
from ipip.pages import PageFigure, figure_of, render_plain_page
from ipip.pages.numbers import format_number
from ipip.storage.atomic import write_text

MAX_POINTS = 20_000  # of a kind in a picture; more are thinned evenly, with a note on the page
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
CURVES = (
    ("loss", "loss", (("train_loss", "training"), ("valid_loss", "validation"))),
    ("force MAE (eV/Å)", "force", (("valid_force_mae_ev_per_a", "validation"),)),
    ("energy MAE (meV/atom)", "energy", (("valid_energy_mae_mev_per_atom", "validation"),)),
    ("learning rate", "rate", (("learning_rate", "learning rate"),)),
)
LINES = {"training": COLOURS[0], "validation": COLOURS[1], "learning rate": "#8a919e"}
FloatArray = npt.NDArray[np.float64]


def write_page(
    path: Path,
    reference: Sequence[Frame],
    predicted: Sequence[Frame],
    *,
    title: str,
    history: Sequence[Mapping[str, Any]] = (),
    best_epoch: int | None = None,
    reference_energies: Mapping[str, float] | None = None,
) -> None:
    """Write a page with a verdict, errors by kind and element, curves and parity; atomically.

    The page needs no network: it contains plotly's script (about 5 MB).

    Args:
        path: HTML file.
        reference: frames with energy and forces, some with a stress.
        predicted: the same frames with predicted labels.
        title: heading.
        history: rows of a training (`metrics.csv`), whose epochs count from 0; may be empty.
        best_epoch: epoch (from 0) of the student's weights, marked in the curves, which count
            epochs from 1.
        reference_energies: eV by symbol, subtracted from both energies.
    """
    errors = metrics(reference, predicted)
    figures = [] if not history else [_curves(history, best_epoch)]
    figures.append(_energies(reference, predicted, reference_energies))
    figures.append(_forces(reference, predicted))
    stressed = [
        (r, p)
        for r, p in zip(reference, predicted, strict=True)
        if r.stress is not None and p.stress is not None
    ]
    if stressed:
        figures.append(_stresses(stressed))
    header, rows = _table(errors)
    page = render_plain_page(
        name="ipip training" if history else "ipip evaluation",
        title=title,
        heading=_verdict(errors),
        header=header,
        rows=rows,
        figures=figures,
    )
    write_text(path, page)


def _verdict(errors: Metrics) -> str:
    text = f"{errors['n_frames']} frames: force MAE {errors['force_mae_ev_per_a']:.3f} eV/Å"
    if "energy_mae_mev_per_atom" in errors:
        text += f", energy MAE {errors['energy_mae_mev_per_atom']:.1f} meV/atom"
    if "stress_mae_ev_per_a3" in errors:
        text += f", stress MAE {errors['stress_mae_ev_per_a3']:.2g} eV/Å³"
    return text


def _table(errors: Metrics) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the errors, without empty columns."""
    columns = (
        ("frames", "n_frames", "d"),
        ("atoms", "n_atoms", "d"),
        ("force MAE\neV/Å", "force_mae_ev_per_a", ".4f"),
        ("force RMSE\neV/Å", "force_rmse_ev_per_a", ".4f"),
        ("energy MAE\nmeV/atom", "energy_mae_mev_per_atom", ".2f"),
        ("stress MAE\neV/Å³", "stress_mae_ev_per_a3", ".2g"),
    )
    rows: dict[str, Mapping[str, Any]] = {"all": errors}
    if len(errors["by_config_type"]) > 1:
        rows |= errors["by_config_type"]
    rows |= errors["by_element"]
    shown = [c for c in columns if any(c[1] in values for values in rows.values())]
    lines = [
        [name, *(f"{values[key]:{form}}" if key in values else "" for _, key, form in shown)]
        for name, values in rows.items()
    ]
    return ["", *(name for name, _, _ in shown)], lines


def _curves(history: Sequence[Mapping[str, Any]], best_epoch: int | None) -> PageFigure:
    figure = make_subplots(rows=2, cols=2, subplot_titles=[name for name, _, _ in CURVES])
    for number, (_, _, lines) in enumerate(CURVES):
        row, column = number // 2 + 1, number % 2 + 1
        for key, name in lines:
            points = [(r["epoch"] + 1, r[key]) for r in history if r.get(key) is not None]
            figure.add_scatter(
                x=[x for x, _ in points],
                y=[y for _, y in points],
                mode="lines+markers" if len(points) < 60 else "lines",
                line={"color": LINES[name]},
                name=name,
                showlegend=number == 0,
                row=row,
                col=column,
            )
        figure.update_yaxes(type="log", dtick="D2", exponentformat="power", row=row, col=column)
        figure.update_xaxes(title_text="epoch", row=row, col=column)
    if best_epoch is not None:
        figure.add_vline(x=best_epoch + 1, line={"color": "#999999", "dash": "dot"})
    caption = "By epoch. Errors are those on the validation frames."
    if best_epoch is not None:
        caption += f" Dotted: epoch {best_epoch + 1}, whose weights the student has."
    return figure_of(figure, "curves", "Learning curves", caption, height=640, wide=True)


def _energies(
    reference: Sequence[Frame],
    predicted: Sequence[Frame],
    reference_energies: Mapping[str, float] | None,
) -> PageFigure:
    x = energies_per_atom(reference, reference_energies or {})
    y = energies_per_atom(predicted, reference_energies or {})
    kinds = np.array([config_type_of(frame) for frame in reference])
    figure = go.Figure()
    for order, kind in enumerate(sorted(set(kinds))):
        own = np.flatnonzero(kinds == kind)
        _add(figure, x[own], y[own], kind, order, [f"frame {index}" for index in own], 7)
    relative = "minus free atoms " if reference_energies else ""
    return _parity(figure, x, y, "Energy", f"energy {relative}(eV/atom)", 1000.0, "meV/atom")


def _forces(reference: Sequence[Frame], predicted: Sequence[Frame]) -> PageFigure:
    numbers = np.concatenate([frame.numbers for frame in reference])
    x = np.concatenate([np.asarray(frame.forces) for frame in reference])
    y = np.concatenate([np.asarray(frame.forces) for frame in predicted])
    labels = np.array(
        [f"frame {n}, atom {a}" for n, frame in enumerate(reference) for a in range(len(frame))]
    )
    figure = go.Figure()
    for order, symbol in enumerate(elements_of(reference)):
        own = numbers == atomic_numbers[symbol]
        _add(figure, x[own].ravel(), y[own].ravel(), symbol, order, np.repeat(labels[own], 3), 4)
    return _parity(figure, x.ravel(), y.ravel(), "Forces", "force component (eV/Å)", 1.0, "eV/Å")


def _stresses(pairs: Sequence[tuple[Frame, Frame]]) -> PageFigure:
    x, y = (np.stack([np.asarray(pair[side].stress) for pair in pairs]) for side in (0, 1))
    figure = go.Figure()
    for order, (a, b) in enumerate(VOIGT):
        text = [f"stressed frame {number}" for number in range(len(pairs))]
        _add(figure, x[:, a, b], y[:, a, b], "xyz"[a] + "xyz"[b], order, text, 6)
    return _parity(figure, x.ravel(), y.ravel(), "Stress", "stress (eV/Å³)", 1.0, "eV/Å³")


def _add(
    figure: go.Figure,
    x: FloatArray,
    y: FloatArray,
    name: str,
    order: int,
    text: Sequence[str] | npt.NDArray[np.str_],
    size: float,
) -> None:
    step = -(-len(x) // MAX_POINTS) if len(x) else 1
    figure.add_scattergl(
        x=x[::step],
        y=y[::step],
        mode="markers",
        name=name if step == 1 else f"{name} (every {step}th)",
        text=text[::step],
        marker={"size": size, "opacity": 0.6, "color": COLOURS[order % len(COLOURS)]},
        hovertemplate="%{text}<br>reference %{x:.4f}<br>predicted %{y:.4f}",
    )


def _parity(
    figure: go.Figure, x: FloatArray, y: FloatArray, title: str, what: str, to: float, unit: str
) -> PageFigure:
    error = (y - x) * to
    limits = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
    figure.add_scatter(
        x=limits, y=limits, mode="lines", line={"color": "#999999", "width": 1}, showlegend=False
    )
    mean, root = float(np.abs(error).mean()), float(np.sqrt(np.mean(error**2)))
    figures = f"MAE {format_number(mean)}, RMSE {format_number(root)} {unit}"
    figure.update_layout(
        xaxis_title=f"reference {what}",
        yaxis_title=f"predicted {what}",
    )
    return figure_of(figure, title.lower(), f"{title}: {figures}", height=460)
