"""Pictures of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.report.plots import COLOURS, TEACHER_COLOUR, new_figure, save_figure


def plot_errors(summary: Mapping[str, Any], test_set: str, path: Path) -> None:
    """Draw each seed's force error and the mean, a row for each arm, with the teacher as a line."""
    arms = summary["arms"]
    figure = new_figure(7.0, 1.4 + 0.42 * len(arms))
    axes = figure.add_subplot()
    places = np.arange(len(arms))[::-1]
    for place, arm in zip(places, arms, strict=True):
        force = arm["tests"][test_set]["force_mae_ev_per_a"]
        axes.plot(
            force["by_seed"], [place] * len(force["by_seed"]), "o", color=COLOURS[0], alpha=0.45
        )
        axes.plot([force["mean"]], [place], "D", color=COLOURS[5], markersize=7)
    for number, (teacher, sets) in enumerate(summary["teachers"].items()):
        mean = sets[test_set]["force_mae_ev_per_a"]["mean"]
        style = ("--", ":", "-.")[number % 3]
        label = f"teacher {teacher}, {mean:.3f}"
        axes.axvline(mean, color=TEACHER_COLOUR, linestyle=style, label=label)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    axes.set_yticks(places, [arm["name"] for arm in arms])
    axes.set_ylim(-0.6, len(arms) - 0.4)
    axes.set_xlabel(f"force MAE on {test_set} frames (eV/Å): seeds, and their mean")
    axes.grid(axis="x", alpha=0.3)
    save_figure(figure, path)


def plot_differences(summary: Mapping[str, Any], test_set: str, path: Path) -> None:
    """Draw the paired difference of each arm to the baseline with its interval."""
    comparisons = summary["comparisons"][test_set]
    figure = new_figure(7.0, 1.4 + 0.42 * len(comparisons))
    axes = figure.add_subplot()
    places = np.arange(len(comparisons))[::-1]
    for place, c in zip(places, comparisons, strict=True):
        colour = {"lower": COLOURS[2], "higher": COLOURS[5]}.get(c["verdict"], "0.35")
        if c["low"] is not None:
            axes.plot([c["low"], c["high"]], [place, place], color=colour, linewidth=2)
        axes.plot(c["by_seed"], [place] * len(c["by_seed"]), "|", color="0.5", markersize=9)
        axes.plot([c["difference"]], [place], "o", color=colour)
    axes.axvline(0.0, color="0.6", linewidth=1)
    several = len({c["baseline"] for c in comparisons}) > 1
    names = [f"{c['arm']} - {c['baseline']}" if several else c["arm"] for c in comparisons]
    axes.set_yticks(places, names)
    axes.set_ylim(-0.6, len(comparisons) - 0.4)
    level = f"{100 * summary['confidence']:.0f} %"
    axes.set_xlabel(
        f"force MAE minus that of {_baselines(comparisons)} (eV/Å), {test_set}; lines: {level}"
    )
    axes.grid(axis="x", alpha=0.3)
    save_figure(figure, path)


def _baselines(comparisons: Sequence[Mapping[str, Any]]) -> str:
    names = {c["baseline"] for c in comparisons}
    return names.pop() if len(names) == 1 else "its baseline"


def plot_failures(entries: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw failure rates with their Wilson intervals.

    Args:
        entries: `name`, `failed`, `total` and `wilson95` of each arm; arms without runs are
            skipped.
        path: of the picture.
    """
    counted = [entry for entry in entries if entry["total"]]
    figure = new_figure(7.0, 1.4 + 0.42 * len(counted))
    axes = figure.add_subplot()
    places = np.arange(len(counted))[::-1]
    for place, entry in zip(places, counted, strict=True):
        low, high = (100 * bound for bound in entry["wilson95"])
        rate = 100 * entry["failed"] / entry["total"]
        axes.barh(place, rate, 0.55, color=COLOURS[1], alpha=0.7)
        axes.plot([low, high], [place, place], color="black")
        axes.annotate(
            f"{entry['failed']} of {entry['total']}",
            (high, place),
            textcoords="offset points",
            xytext=(5, 0),
            va="center",
        )
    axes.set_yticks(places, [entry["name"] for entry in counted])
    axes.set_xlim(0, 118)
    axes.set_ylim(-0.6, len(counted) - 0.4)
    axes.set_xlabel("failed stability runs (%), lines: Wilson 95 %")
    save_figure(figure, path)


def plot_rounds(summary: Mapping[str, Any], path: Path) -> None:
    """Draw the mean force error on the held-out frames by round, a line for each iterated arm."""
    figure = new_figure(6.4, 3.8)
    axes = figure.add_subplot()
    number = 0
    for arm in summary["arms"]:
        rounds = min(len(errors) for errors in arm["force_mae_by_round"])
        if rounds < 2:
            continue
        means = np.mean([errors[:rounds] for errors in arm["force_mae_by_round"]], axis=0)
        axes.plot(
            range(rounds), means, "o-", color=COLOURS[number % len(COLOURS)], label=arm["name"]
        )
        number += 1
    axes.set_xticks(range(max(len(o) for a in summary["arms"] for o in a["force_mae_by_round"])))
    axes.set_xlabel("round")
    axes.set_ylabel("force MAE (eV/Å), mean over seeds")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.grid(alpha=0.3)
    save_figure(figure, path)
