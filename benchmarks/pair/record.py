"""The speed parts as a result that the site shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.results import Result, Row, this_machine

SIZES = ("box", "atoms", "neighbours", "channels", "layers")
FIGURES = {
    "kernels_us": "kernels_us_per_atom_step",
    "torchscript_us": "torchscript_us_per_atom_step",
    "speedup": "torchscript_over_kernels",
    "over_floor": "kernels_over_sgemm_floor",
}


def speed_result(parts: Mapping[str, Any], *, quick: bool) -> Result:
    """Return what the speed parts measured, which were made on this machine.

    Args:
        parts: by name, as `read_parts` returns them.
        quick: whether they are the minute's version.
    """
    speed = [part for name, part in sorted(parts.items()) if name.startswith("speed-")]
    rows = []
    for part in speed:
        for row in part["rows"]:
            sizes = {name: row[name] for name in SIZES}
            sizes["neighbours"] = round(sizes["neighbours"], 1)
            figures = {name: row[key] for key, name in FIGURES.items()}
            rows.append(Row(sizes=sizes, figures=figures))
    return Result(
        benchmark="pair-speed",
        title="Speed of pair_style ipip on one core",
        command=f"python -m benchmarks.pair{' --quick' if quick else ''}",
        taken=min((part["date"][:10] for part in speed), default=""),
        machine=this_machine(),
        versions=speed[0]["versions"] if speed else {},
        rows=rows,
    )
