"""Parity plots and tables of errors, as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ipip.data.elements import elements_of
from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.evaluation.metrics import energy_errors, force_errors
from ipip.pages.names import shown_name
from ipip.storage.atomic import replaced_file, write_text

# Okabe and Ito's colours, which colour-blind readers can distinguish.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
FloatArray = npt.NDArray[np.float64]


def plot_parity(
    reference: Sequence[Frame],
    predicted: Sequence[Frame],
    path: Path,
    *,
    title: str = "",
    reference_energies: Mapping[str, float] | None = None,
) -> None:
    """Draw predicted against reference energies per atom and force components as a PNG, atomically.

    Args:
        reference: frames with energy and forces.
        predicted: the same frames with predicted energy and forces.
        path: PNG file.
        title: heading.
        reference_energies: eV by symbol, subtracted from both energies, so that frames of different
            composition share one scale.
    """
    figure = Figure(figsize=(9.6, 4.7), layout="constrained")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(shown_name(title), fontsize=11)
    left, right = figure.subplots(1, 2)
    _energies(
        left,
        energies_per_atom(reference, reference_energies or {}),
        energies_per_atom(predicted, reference_energies or {}),
        relative=bool(reference_energies),
    )
    _forces(right, reference, predicted)
    with replaced_file(path) as temporary:
        figure.savefig(temporary, dpi=150)


def write_frame_errors(reference: Sequence[Frame], predicted: Sequence[Frame], path: Path) -> None:
    """Write one row per frame as CSV: energies (eV), errors (meV/atom, eV/Å)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "frame",
            "config_type",
            "atoms",
            "energy_reference_ev",
            "energy_predicted_ev",
            "energy_error_mev_per_atom",
            "force_mae_ev_per_a",
            "force_rmse_ev_per_a",
            "force_error_max_ev_per_a",
        ]
    )
    energies, forces = energy_errors(reference, predicted), force_errors(reference, predicted)
    for index, (r, p) in enumerate(zip(reference, predicted, strict=True)):
        error = forces[index]
        row = [
            1000.0 * energies[index],
            np.abs(error).mean(),
            np.sqrt(np.mean(error**2)),
            np.linalg.norm(error, axis=1).max(),
        ]
        kind = config_type_of(r)
        writer.writerow([index, kind, len(r), r.energy, p.energy, *(f"{x:.6g}" for x in row)])
    write_text(path, text.getvalue())


def energies_per_atom(
    frames: Sequence[Frame], reference_energies: Mapping[str, float]
) -> FloatArray:
    """Return [n_frames] energies per atom relative to free atoms (by symbol), eV."""
    by_number = np.zeros(120)
    for symbol, energy in reference_energies.items():
        by_number[atomic_numbers[symbol]] = energy
    energies = [np.nan if frame.energy is None else frame.energy for frame in frames]
    return np.array(
        [
            energy / len(frame) - by_number[frame.numbers].mean()
            for energy, frame in zip(energies, frames, strict=True)
        ]
    )


def _energies(axes: Axes, x: FloatArray, y: FloatArray, *, relative: bool) -> None:
    axes.plot(x, y, "o", markersize=4.5, color=COLOURS[0], alpha=0.65, markeredgewidth=0)
    what = "energy minus free atoms (eV/atom)" if relative else "energy (eV/atom)"
    error = (y - x) * 1000.0
    _finish(axes, x, y, what, _figures(error, "meV/atom", ".3g"))


def _forces(axes: Axes, reference: Sequence[Frame], predicted: Sequence[Frame]) -> None:
    numbers = np.concatenate([frame.numbers for frame in reference])
    x = np.concatenate([np.asarray(frame.forces) for frame in reference])
    y = np.concatenate([np.asarray(frame.forces) for frame in predicted])
    size, alpha = (2.2, 0.45) if len(x) < 5000 else (1.2, 0.2)
    for index, symbol in enumerate(elements_of(reference)):
        own = numbers == atomic_numbers[symbol]
        axes.plot(
            x[own].ravel(),
            y[own].ravel(),
            "o",
            markersize=size,
            color=COLOURS[index % len(COLOURS)],
            alpha=alpha,
            markeredgewidth=0,
            label=symbol,
            rasterized=True,
        )
    legend = axes.legend(loc="lower right", frameon=False, markerscale=3)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)
    _finish(
        axes,
        x.ravel(),
        y.ravel(),
        "force component (eV/Å)",
        _figures((y - x).ravel(), "eV/Å", ".3f"),
    )


def _figures(error: FloatArray, unit: str, digits: str) -> str:
    mae, rmse = np.abs(error).mean(), np.sqrt(np.mean(error**2))
    return f"MAE  {mae:{digits}} {unit}\nRMSE {rmse:{digits}} {unit}"


def _finish(axes: Axes, x: FloatArray, y: FloatArray, what: str, figures: str) -> None:
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    margin = 0.05 * (high - low) or 1.0
    limits = (low - margin, high + margin)
    axes.plot(limits, limits, color="#999999", linewidth=0.9, zorder=0)
    axes.set(xlim=limits, ylim=limits, xlabel=f"reference {what}", ylabel=f"predicted {what}")
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
    axes.text(
        0.04, 0.96, figures, transform=axes.transAxes, va="top", family="monospace", fontsize=9
    )
