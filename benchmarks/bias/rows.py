"""Reads rows of results: which bias is best, and shares as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def best_bias(rows: Sequence[dict[str, Any]]) -> list[float]:
    """Return the bias whose runs went beyond the plain ones most often, then the more physical."""

    def worth(row: dict[str, Any]) -> tuple[float, float]:
        return row["summary"]["new_and_physical"][0], row["summary"]["physical"][0]

    bias: list[float] = max((row for row in rows if row["bias"]), key=worth)["bias"]
    return bias


def rate_text(values: Sequence[float]) -> str:
    """Return a share and its interval in percent, of hits, total, lower and upper bound."""
    hits, total, low, high = values
    if not total:
        return "none"
    return f"{hits:.0f} of {total:.0f} ({100 * low:.0f}-{100 * high:.0f} %)"
