"""Parity plots of several models side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ipip.data import Frame
from ipip.data.elements import elements_of
from ipip.evaluation.parity import COLOURS
from ipip.storage.atomic import replaced_file


def plot_models(
    reference: Sequence[Frame],
    models: Mapping[str, Sequence[Frame]],
    path: Path,
    title: str,
) -> None:
    """Draw force components (above) and energies per atom (below), one column a model, as PNG.

    Args:
        reference: frames with reference energies and forces.
        models: the same frames with each model's energies and forces, by its name.
        path: PNG file.
        title: heading.
    """
    figure = Figure(figsize=(3.3 * len(models) + 0.6, 7.0), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    axes = figure.subplots(2, len(models), squeeze=False, sharex="row", sharey="row")
    for column, (name, frames) in enumerate(models.items()):
        axes[0, column].set_title(name, fontsize=10)
        _forces(axes[0, column], reference, frames, legend=column == 0)
        _energies(axes[1, column], reference, frames)
    axes[0, 0].set_ylabel("predicted force component (eV/Å)")
    axes[1, 0].set_ylabel("predicted energy (meV/atom)")
    with replaced_file(path) as temporary:
        figure.savefig(temporary, dpi=130)


def _forces(
    axes: Axes, reference: Sequence[Frame], predicted: Sequence[Frame], legend: bool
) -> None:
    numbers = np.concatenate([frame.numbers for frame in reference])
    x = np.concatenate([np.asarray(frame.forces) for frame in reference])
    y = np.concatenate([np.asarray(frame.forces) for frame in predicted])
    for index, symbol in enumerate(elements_of(reference)):
        own = numbers == atomic_numbers[symbol]
        axes.plot(
            x[own].ravel(),
            y[own].ravel(),
            "o",
            markersize=1.4,
            alpha=0.3,
            markeredgewidth=0,
            color=COLOURS[index],
            label=symbol,
            rasterized=True,
        )
    if legend:
        for handle in axes.legend(loc="lower right", frameon=False, markerscale=5).legend_handles:
            if handle is not None:
                handle.set_alpha(1.0)
    _finish(axes, 1000.0 * (y - x), "meV/Å", "PBE-D3 force component (eV/Å)")


def _energies(axes: Axes, reference: Sequence[Frame], predicted: Sequence[Frame]) -> None:
    sizes = np.array([len(frame) for frame in reference])
    x = 1000.0 * np.array([frame.energy for frame in reference], dtype=float) / sizes
    y = 1000.0 * np.array([frame.energy for frame in predicted], dtype=float) / sizes
    axes.plot(x - x.mean(), y - x.mean(), "o", markersize=3.5, markeredgewidth=0, color=COLOURS[2])
    _finish(axes, y - x, "meV/atom", "PBE-D3 energy minus mean (meV/atom)")


def _finish(axes: Axes, error: np.ndarray, unit: str, label: str) -> None:
    axes.axline((0, 0), slope=1, color="#999999", linewidth=0.9, zorder=0)
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    mae, rmse = np.abs(error).mean(), np.sqrt(np.mean(error**2))
    axes.text(
        0.04,
        0.97,
        f"MAE  {mae:.3g} {unit}\nRMSE {rmse:.3g} {unit}",
        transform=axes.transAxes,
        va="top",
        family="monospace",
        fontsize=8,
    )
