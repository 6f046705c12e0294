"""Tables of the page on uncertainty, from the JSON files that its benchmarks wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
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
    yield _line(heads)
    yield _line(["---"] * len(heads))
    for rows in zip(*(one["methods"] for one in judged), strict=True):
        cells = [
            mean_and_reach([row[key] for row in rows], digits).replace(" ", "")
            for key, digits in METHODS.values()
        ]
        yield _line([rows[0]["method"], rows[0]["cost"], *cells])
    yield ""


def bias_table(system: str) -> str:
    """Return the table of a system's biased runs.

    Args:
        system: of `benchmarks.bias`, whose file lies in docs/uncertainty.

    Raises:
        EmptyUncertaintyError: the file has no rows.
    """
    path = FOLDER / f"bias-{system}.json"
    rows = json.loads(path.read_text(encoding="utf-8")).get("rows")
    if not rows:
        raise EmptyUncertaintyError(f"{path}: expected rows")
    heads = ["MD", "A, B", "steps", "beyond", "first after, steps", "largest physical score"]
    heads += ["physical", "stopped by guards"]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for row in rows:
        own = row["summary"]
        first, physical = own["median_first_step"], own.get("largest_physical_score")
        plain = row["bias"] is None
        beyond = "" if plain and "compared_with_k" not in row else _rate(own["new_and_physical"])
        lines.append(
            _line(
                [
                    f"{row['kelvin']:g} K",
                    "none" if plain else f"{row['bias'][0]:g} eV, {row['bias'][1]:g}",
                    f"{row['steps']}",
                    beyond,
                    "" if first is None else f"{first:.0f}",
                    "" if physical is None else "{:.1f} [{:.1f}, {:.1f}]".format(*physical),
                    _rate(own["physical"]),
                    f"{own['stopped']} of {own['runs']}",
                ]
            )
        )
    return "\n".join(lines) + "\n"


def _rate(values: Sequence[float]) -> str:
    count, total, low, high = values
    shares = 100 * np.array([low, high])
    return f"{count:.0f} of {total:.0f} ({shares[0]:.0f}-{shares[1]:.0f} %)"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
