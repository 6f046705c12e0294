"""Tables of the page on uncertainty, from the JSON files that its benchmarks wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bias.rows import rate_text
from benchmarks.results import markdown_table
from benchmarks.uncertainty.statistics import SHOWN, mean_and_reach

FOLDER = Path(__file__).resolve().parents[1] / "uncertainty"
METHODS = {head: figure for head, figure in SHOWN.items() if not head.startswith("expected")}


class EmptyUncertaintyError(Exception):
    """A file of results lacks cases, methods or rows."""


def method_tables(file: str) -> str:
    """Return one table of the methods in each case.

    Args:
        file: that `benchmarks.uncertainty` wrote, in docs/uncertainty.

    Raises:
        EmptyUncertaintyError: it has no cases, or a case no methods.
    """
    cases = json.loads((FOLDER / file).read_text(encoding="utf-8")).get("cases")
    if not cases or any(not judged or not judged[0]["methods"] for judged in cases.values()):
        raise EmptyUncertaintyError(f"{FOLDER / file}: expected cases with methods")
    return "\n".join(line for name, judged in cases.items() for line in _case(name, judged)) + "\n"


def _case(name: str, judged: Sequence[dict[str, Any]]) -> Iterator[str]:
    train, valid, test = judged[0]["frames"]
    error = mean_and_reach([one["mean_error_ev_per_a"] for one in judged], 3)
    heads = ["method", "cost of an atom", *METHODS]
    yield f"**{name}**: {train}, {valid} and {test} frames, mean error {error} eV/Å"
    yield ""
    lines = []
    for rows in zip(*(one["methods"] for one in judged), strict=True):
        cells = [
            mean_and_reach([row[key] for row in rows], digits).replace(" ", "")
            for key, digits in METHODS.values()
        ]
        lines.append([rows[0]["method"], rows[0]["cost"], *cells])
    yield from markdown_table(heads, lines)
    yield ""


def bias_tables() -> dict[str, str]:
    """Return the table of each system's biased runs, by the file that pages include.

    Raises:
        EmptyUncertaintyError: a file that `benchmarks.bias` wrote has no rows.
    """
    return {f"{path.stem}.txt": _bias_table(path) for path in FOLDER.glob("bias-*.json")}


def _bias_table(path: Path) -> str:
    rows = json.loads(path.read_text(encoding="utf-8")).get("rows")
    if not rows:
        raise EmptyUncertaintyError(f"{path}: expected rows")
    heads = ["MD", "A, B", "steps", "beyond", "first after, steps", "largest physical score"]
    heads += ["physical", "stopped by guards"]
    lines = []
    for row in rows:
        own = row["summary"]
        first, physical = own["median_first_step"], own.get("largest_physical_score")
        plain = row["bias"] is None
        compared = not plain or "compared_with_k" in row
        lines.append(
            [
                f"{row['kelvin']:g} K",
                "none" if plain else f"{row['bias'][0]:g} eV, {row['bias'][1]:g}",
                f"{row['steps']}",
                rate_text(own["new_and_physical"]) if compared else "",
                "" if first is None else f"{first:.0f}",
                "" if physical is None else "{:.1f} [{:.1f}, {:.1f}]".format(*physical),
                rate_text(own["physical"]),
                f"{own['stopped']} of {own['runs']}",
            ]
        )
    return "\n".join(markdown_table(heads, lines)) + "\n"
