"""The report of a study: the verdict, a table, and a plot for each claim."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ipip.decisions.statistics import LEAST_GROUPS
from ipip.storage.atomic import write_text
from ipip.study.plots import plot_differences, plot_errors, plot_failures, plot_rounds

HEADER = (
    "arm",
    "force MAE (eV/Å)",
    "energy MAE (meV/atom)",
    "against baseline",
    "failed runs",
    "optimiser steps: evaluated, all",
    "teacher calls",
)


def write_study_report(summary: Mapping[str, Any], folder: Path) -> Path:
    """Write ``study.md``, ``arms.csv`` and pictures into `folder`; return the text's path."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for test_set in summary["comparisons"]:
        name = f"errors_{test_set}.png"
        plot_errors(summary, test_set, folder / name)
        pictures.append((name, f"Force error of each arm and seed, {test_set} frames"))
        if summary["comparisons"][test_set]:
            name = f"differences_{test_set}.png"
            plot_differences(summary, test_set, folder / name)
            pictures.append((name, f"Paired differences, {test_set} frames"))
    counted = [arm["failures"] | {"name": arm["name"]} for arm in summary["arms"]]
    if any(entry["total"] for entry in counted):
        plot_failures(counted, folder / "failures.png")
        pictures.append(("failures.png", "Failed stability runs (Wilson 95 %)"))
    for name, protocol in summary["protocols"].items():
        picture = f"failures_{name}.png"
        counted = [entry | {"name": arm} for arm, entry in protocol["arms"].items()]
        plot_failures(counted, folder / picture)
        pictures.append((picture, f"Failed runs of the protocol {name} (Wilson 95 %)"))
    if any(len(rounds) > 1 for arm in summary["arms"] for rounds in arm["force_mae_by_round"]):
        plot_rounds(summary, folder / "rounds.png")
        pictures.append(("rounds.png", "Force error by round"))
    tables = {name: table_rows(summary, name) for name in summary["comparisons"]}
    for name, rows in tables.items():
        _write_csv(folder / f"arms_{name}.csv", rows)
    path = folder / "study.md"
    write_text(path, _markdown(summary, tables, pictures))
    return path


def table_rows(summary: Mapping[str, Any], test_set: str = "held-out") -> list[tuple[str, ...]]:
    """Return the rows of the table as text, in the order of `HEADER`."""
    against = {c["arm"]: c for c in summary["comparisons"][test_set]}
    rows: list[tuple[str, ...]] = [
        (f"teacher {name}", *_errors(sets[test_set]), "", "", "", "")
        for name, sets in summary["teachers"].items()
    ]
    for arm in summary["arms"]:
        steps = arm["steps"]
        rows.append(
            (
                arm["name"],
                *_errors(arm["tests"][test_set]),
                "(baseline)"
                if arm["name"] == summary["baseline"]
                else _against(against.get(arm["name"])),
                _failures(arm["failures"]),
                f"{_mean(s['judged'] for s in steps):.0f}, {_mean(s['all'] for s in steps):.0f}",
                f"{_mean(arm['teacher_calls']):.0f}",
            )
        )
    return rows


def _errors(figures: Mapping[str, Any]) -> tuple[str, str]:
    force, energy = figures["force_mae_ev_per_a"], figures["energy_mae_mev_per_atom"]
    spread = [value for value in force["by_seed"] if value is not None]
    return (
        f"{force['mean']:.3f} ({min(spread):.3f}-{max(spread):.3f})",
        "n/a" if energy["median"] is None else f"{energy['median']:.1f}",
    )


def _against(comparison: Mapping[str, Any] | None) -> str:
    if comparison is None:
        return "n/a"
    c = comparison
    interval = "no interval" if c["low"] is None else f"[{c['low']:+.3f}, {c['high']:+.3f}]"
    return f"{c['difference']:+.3f} {interval}, {100 * c['relative']:+.0f} % of {c['baseline']}"


def _failures(failures: Mapping[str, Any]) -> str:
    if not failures["total"]:
        return "no runs"
    low, high = failures["wilson95"]
    return f"{failures['failed']} of {failures['total']} ({100 * low:.0f}-{100 * high:.0f} %)"


def _mean(values: Any) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def _markdown(
    summary: Mapping[str, Any],
    tables: Mapping[str, Sequence[Sequence[str]]],
    pictures: Sequence[tuple[str, str]],
) -> str:
    budget = summary["budget"]
    text = ["# Study", "", f"**{summary['verdict']}**", ""]
    for name, rows in tables.items():
        text += [f"## {name.capitalize()} frames", "", *_table(HEADER, rows), ""]
    text += [
        "Forces: mean over seeds, lowest and highest in brackets. Energies: median over seeds, "
        "since splits whose training frames do not determine the energies of all elements are "
        "outliers. "
        "Differences are paired by seed and frame; their intervals are drawn over seeds and over "
        "the test frames, by trajectory if they are marked (keys.group). "
        f"Fewer than {LEAST_GROUPS} of them give no interval. The last student of every arm is "
        "trained with "
        f"{budget['pretrain_steps'] + budget['finetune_steps']} optimiser steps, except where "
        "the arm states otherwise.",
        "",
    ]
    for name, protocol in summary["protocols"].items():
        rows = [
            (
                arm,
                _failures(entry),
                ", ".join(f"{count} {cause}" for cause, count in entry["causes"].items()) or "-",
                f"{entry['p_equal_to_first']:.2g}",
            )
            for arm, entry in protocol["arms"].items()
        ]
        md = protocol["protocol"]["md"]
        text += [
            f"## Protocol {name}",
            "",
            f"{protocol['atoms']} atoms, {md['thermostat']}, {md['temperature']:g} K, "
            f"{md['steps']} steps of {md['timestep']:g} fs. p: Fisher's exact test against "
            f"{rows[0][0]}.",
            "",
            *_table(("arm", "failed runs", "causes", "p"), rows),
            "",
        ]
    meanings = [f"- **{arm['name']}**: {arm['meaning']}" for arm in summary["arms"]]
    text += ["## Arms", "", *meanings, "", "## Pictures", ""]
    for name, caption in pictures:
        text += [f"![{caption}]({name})", ""]
    return "\n".join(text)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
