"""The table of a run: the teacher and each round's student, one row each."""

from __future__ import annotations

from typing import Any

from ipip.counts import counted
from ipip.pages.numbers import format_number

# Line breaks are for narrow terminals.
HEADER = (
    "model",
    "force MAE\neV/Å",
    "force RMSE\neV/Å",
    "energy MAE\nmeV/atom",
    "failed runs\n(95 %)",
    "speed\nµs/atom\nand step",
    "frames kept,\nforgotten, new",
)


def describe_speed(summary: dict[str, Any]) -> str:
    """Return a sentence on the speed of the best student relative to the teacher.

    It is not part of the verdict, which is the same for equal runs.
    """
    student = summary["rounds"][summary["best_round"]]["us_per_atom_step"]
    teacher = summary["teacher"]["us_per_atom_step"]
    if not student or not teacher:
        return "Teacher and student were not both timed."
    ratio = teacher / student
    busy = busy_sentence(summary)
    pace = f"{_times(ratio)} faster" if ratio >= 1 else f"{_times(1 / ratio)} slower"
    return (
        f"It is {pace} than the teacher ({format_number(student)} against "
        f"{format_number(teacher)} µs per atom and step, one thread, the same box)."
        + (f" {busy}" if busy else "")
    )


def busy_sentence(summary: dict[str, Any]) -> str:
    """Return a sentence on timings made on a busy machine; empty without any."""
    entries = (
        ("the teacher", summary["teacher"]),
        ("the student", summary["rounds"][summary["best_round"]]),
    )
    busy = {
        subject: entry["timing_load"]
        for subject, entry in entries
        if (entry.get("timing_load") or {}).get("is_high")
    }
    if not busy:
        return ""
    subject = " and ".join(busy)
    loads = " and ".join(f"{load['running']:.1f}" for load in busy.values())
    cores = next(iter(busy.values()))["cores"]
    return (
        f"But {subject} {'were' if len(busy) > 1 else 'was'} timed on a busy machine ({loads} "
        f"programs on {counted(cores, 'core')}) and "
        f"{'seem slower than they are' if len(busy) > 1 else 'seems slower than it is'}: the ratio "
        "is uncertain."
    )


def table_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows of the table as text, in the order of `HEADER`."""
    teacher = summary["teacher"]
    rows: list[tuple[str, ...]] = [
        ("teacher", *_errors(teacher["test"]), "", _speed(teacher["us_per_atom_step"]), "")
    ]
    if "none" in summary:
        none = summary["none"]
        rows.append(
            (
                "no pretraining",
                *_errors(none["test"]),
                format_failures(none["failures"]),
                _speed(none["us_per_atom_step"]),
                "",
            )
        )
    for entry in summary["rounds"]:
        name = f"student {entry['round']}"
        if entry["round"] == summary["best_round"]:
            name += ", best"
        elif entry.get("rolled_back"):
            name += ", rolled back"
        frames = f"{entry['kept']}, {entry['forgotten']}, {entry['new']}"
        rows.append(
            (
                name,
                *_errors(entry["test"]),
                format_failures(entry["failures"]),
                _speed(entry["us_per_atom_step"]),
                frames,
            )
        )
    return rows


def format_failures(failures: dict[str, Any]) -> str:
    """Return ``2/8 (7-59 %)``: failed, total and the Wilson interval of the rate."""
    if not failures["total"]:
        return "no runs"
    low, high = failures["wilson95"]
    return f"{failures['failed']}/{failures['total']} ({100 * low:.0f}-{100 * high:.0f} %)"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 100 else f"{ratio:.1f} times"


def _errors(test: dict[str, Any]) -> tuple[str, str, str]:
    energy = test["energy_mae_mev_per_atom"]
    return (
        f"{test['force_mae_ev_per_a']:.3f}",
        f"{test['force_rmse_ev_per_a']:.3f}",
        "n/a" if energy is None else f"{energy:.1f}",
    )


def _speed(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"
