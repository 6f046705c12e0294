"""The first picture of the evidence: errors far from the labels and failed runs, arm by arm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.reference_pages.plots import png_of
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

STUDY = Path(__file__).resolve().parents[1] / "evidence" / "mo-s-o.json"
SHOWN = {  # arm: label, colour
    "none": ("labels alone", "#8a8a8a"),
    "one-shot": ("pretrained once", "#7aa6c2"),
    "iterated": ("iterated, student relabels", "#c0504d"),
    "iterated-teacher-labels": ("iterated, teacher's labels kept", "#2f6f4f"),
}
TEST = "hot"


def evidence_plot() -> bytes:
    """Return a PNG: force errors of all seeds on the hot frames, and failed runs with intervals.

    Raises:
        KeyError: the study lacks an arm or the test.
    """
    study = json.loads(STUDY.read_text(encoding="utf-8"))
    arms = {arm["name"]: arm for arm in study["arms"]}
    (teacher,) = study["teachers"].values()
    figure = Figure(figsize=(9.0, 2.7), layout="constrained")
    FigureCanvasAgg(figure)
    errors, failures = figure.subplots(1, 2, sharey=True)
    for place, (name, (_, colour)) in enumerate(SHOWN.items()):
        _errors(errors, place, arms[name]["tests"][TEST]["force_mae_ev_per_a"], colour)
        _failures(failures, place, arms[name]["failures"], colour)
    known = teacher[TEST]["force_mae_ev_per_a"]["mean"]
    errors.axvline(known, color="#444444", lw=1, ls="--")
    errors.annotate("teacher", (known, -0.62), ha="center", fontsize=8, annotation_clip=False)
    errors.set_yticks(range(len(SHOWN)), [label for label, _ in SHOWN.values()])
    errors.invert_yaxis()
    errors.set(xlabel="force error far from the labels, eV/Å (dots: seeds)", xlim=(0.0, None))
    failures.set(xlabel="failed runs at 2500 K, % (95 % interval)", xlim=(0.0, 108.0))
    for axes in (errors, failures):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return png_of(figure)


def _errors(axes: Axes, place: int, error: dict[str, Any], colour: str) -> None:
    axes.barh(place, error["mean"], 0.62, color=colour, alpha=0.55)
    axes.plot(error["by_seed"], [place] * len(error["by_seed"]), "o", ms=4, color=colour)
    axes.text(0.01, place, f"{error['mean']:.2f}", va="center", fontsize=8)


def _failures(axes: Axes, place: int, counts: dict[str, Any], colour: str) -> None:
    failed, total = counts["failed"], counts["total"]
    percent = 100.0 * failed / total
    low, high = (100.0 * end for end in counts["wilson95"])
    reach = [[percent - low], [high - percent]]
    axes.barh(place, percent, 0.62, color=colour, alpha=0.55)
    axes.errorbar(percent, place, xerr=reach, color=colour, capsize=3, lw=1.2)
    axes.text(high + 2.0, place, f"{failed} of {total}", va="center", fontsize=8)
