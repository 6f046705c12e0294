"""Pictures of benchmarks, from the JSON files that their commands wrote."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from benchmarks.pair.record import BENCHMARK, RATIO
from benchmarks.results import Result
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def speed_plot(results: Mapping[str, Sequence[Result]]) -> bytes:
    """Return a PNG: times faster than TorchScript by box and student, machines side by side.

    Args:
        results: by machine.
    """
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    machines = {
        name: result
        for name, own in results.items()
        for result in own
        if result.benchmark == BENCHMARK
    }
    labels = list(
        dict.fromkeys(_label(row.sizes) for result in machines.values() for row in result.rows)
    )
    width = 0.8 / max(1, len(machines))
    for k, (name, result) in enumerate(machines.items()):
        rows = {_label(row.sizes): row.figures[RATIO] for row in result.rows}
        places = [labels.index(label) + (k + 0.5) * width - 0.4 for label in rows]
        axes.bar(places, list(rows.values()), 0.9 * width, label=name)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=8)
    axes.set_ylabel("times faster than TorchScript")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return png_of(figure)


def png_of(figure: Figure) -> bytes:
    """Return the bytes of a picture, without the version of matplotlib.

    Args:
        figure: to draw.
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _label(sizes: Mapping[str, str | int | float]) -> str:
    return f"{sizes['box']}, {sizes['channels']} channels, {sizes['layers']} layers"
