"""The speed parts as rows for the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.results import Row

BENCHMARK = "pair-speed"
KERNELS, RATIO = "kernels_us_per_atom_step", "torchscript_over_kernels"
TITLE = "Speed of pair_style ipip on one core (CPU time)"
SIZES = ("box", "atoms", "neighbours", "channels", "layers")
FIGURES = {
    "kernels_us": KERNELS,
    "torchscript_us": "torchscript_us_per_atom_step",
    "speedup": RATIO,
    "over_floor": "kernels_over_sgemm_floor",
}


def speed_rows(parts: Mapping[str, Any]) -> list[Row]:
    """Return the results of the speed parts.

    Args:
        parts: parts by name, as `read_parts` returns them.
    """
    rows = []
    for part in (part for name, part in sorted(parts.items()) if name.startswith("speed-")):
        for row in part["rows"]:
            sizes = {name: row[name] for name in SIZES}
            sizes["neighbours"] = round(sizes["neighbours"], 1)
            figures = {name: row[key] for key, name in FIGURES.items()}
            rows.append(Row(sizes=sizes, figures=figures))
    return rows
