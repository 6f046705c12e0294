"""The first picture of the evidence: errors far from the labels and failed runs, arm by arm.

python -m docs.evidence_plot writes docs/evidence/overview.png from the studies beside it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.reference_pages.plots import png_of
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

EVIDENCE = Path(__file__).resolve().parent / "evidence"
STUDIES = {  # file: label, opacity
    "mo-s-o": ("published network", 0.35),
    "mo-s-o-core": ("with the core: today's default", 0.95),
}
ARMS = {  # arm: label, colour
    "none": ("labels alone", "#8a8a8a"),
    "one-shot": ("pretrained once", "#7aa6c2"),
    "iterated": ("iterated, student relabels", "#c0504d"),
    "iterated-teacher-labels": ("iterated, teacher's labels kept", "#2f6f4f"),
}
TEST = "hot"
HEIGHT = 0.36


def evidence_plot() -> bytes:
    """Return a PNG: force errors of all seeds on the hot frames, and failed runs with intervals.

    Raises:
        KeyError: a study lacks an arm or the test.
    """
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    errors, failures = figure.subplots(1, 2, sharey=True)
    for number, (file, (_, opacity)) in enumerate(STUDIES.items()):
        study = json.loads((EVIDENCE / f"{file}.json").read_text(encoding="utf-8"))
        arms = {arm["name"]: arm for arm in study["arms"]}
        for row, (name, (_, colour)) in enumerate(ARMS.items()):
            place = row + (number - 0.5) * (HEIGHT + 0.02)
            style = {"color": colour, "alpha": opacity}
            _errors(errors, place, arms[name]["tests"][TEST]["force_mae_ev_per_a"], style)
            _failures(failures, place, arms[name]["failures"], style)
        (teacher,) = study["teachers"].values()
    known = teacher[TEST]["force_mae_ev_per_a"]["mean"]
    errors.axvline(known, color="#444444", lw=1, ls="--")
    errors.annotate("teacher", (known, -0.58), ha="center", fontsize=8, annotation_clip=False)
    errors.set_yticks(range(len(ARMS)), [label for label, _ in ARMS.values()])
    errors.invert_yaxis()
    errors.set(xlabel="force error far from the labels, eV/Å (dots: seeds)", xlim=(0.0, None))
    failures.set(xlabel="failed runs at 2500 K, % (95 % interval)", xlim=(0.0, 112.0))
    for axes in (errors, failures):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    shades = [Patch(color="#555555", alpha=a, label=label) for label, a in STUDIES.values()]
    failures.legend(handles=shades, loc="lower right", fontsize=8, frameon=False)
    return png_of(figure)


def _errors(axes: Axes, place: float, error: dict[str, Any], style: dict[str, Any]) -> None:
    axes.barh(place, error["mean"], HEIGHT, **style)
    axes.plot(error["by_seed"], [place] * len(error["by_seed"]), ".", ms=4, color="#222222")
    axes.text(0.01, place, f"{error['mean']:.2f}", va="center", fontsize=7.5)


def _failures(axes: Axes, place: float, counts: dict[str, Any], style: dict[str, Any]) -> None:
    failed, total = counts["failed"], counts["total"]
    percent = 100.0 * failed / total
    low, high = (100.0 * end for end in counts["wilson95"])
    reach = [[percent - low], [high - percent]]
    axes.barh(place, percent, HEIGHT, **style)
    axes.errorbar(percent, place, xerr=reach, color="#444444", capsize=2, lw=1)
    axes.text(high + 2.0, place, f"{failed} of {total}", va="center", fontsize=7.5)


if __name__ == "__main__":
    (EVIDENCE / "overview.png").write_bytes(evidence_plot())
