"""Expected against observed errors as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ipip.evaluation.parity import COLOURS
from ipip.pages.names import shown_name
from ipip.storage.atomic import replaced_file
from ipip.uncertainty import Reliability


def plot_reliability(measured: Reliability, path: Path, *, title: str = "") -> None:
    """Draw observed against expected errors of the forces as a PNG, atomically.

    Args:
        measured: means by bin.
        path: PNG file.
        title: heading.
    """
    figure = Figure(figsize=(4.8, 4.7), layout="constrained")
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(shown_name(title), fontsize=11)
    axes = figure.subplots()
    values = [v for v in (*measured.expected, *measured.observed) if v > 0] or [1.0]
    ends = (0.7 * min(values), 1.4 * max(values))
    axes.plot(ends, ends, color="#999999", linewidth=1.0)
    axes.plot(measured.expected, measured.observed, "o-", color=COLOURS[0])
    axes.set(
        xscale="log",
        yscale="log",
        xlim=ends,
        ylim=ends,
        xlabel="expected error of the force (eV/Å)",
        ylabel="observed, mean of the atoms of a bin (eV/Å)",
    )
    with replaced_file(path) as temporary:
        figure.savefig(temporary, dpi=150)
