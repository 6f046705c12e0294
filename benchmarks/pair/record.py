"""The parts as results for the site."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.pair.floor import node_flops, pair_flops
from benchmarks.results import Row

BENCHMARK = "pair-speed"
KERNELS, RATIO = "kernels_us_per_atom_step", "torchscript_over_kernels"
Part = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Table:
    """One recorded result of the pair style.

    Attributes:
        benchmark: name of its file.
        title: of its table.
        parts: the parts whose rows it holds.
        sizes: keys of a row that say what was measured.
        figures: names in the table by keys of a row, or by functions of a row.
    """

    benchmark: str
    title: str
    parts: tuple[str, ...]
    sizes: tuple[str, ...]
    figures: Mapping[str, str | Callable[[Part], float]]

    def rows(self, parts: Mapping[str, Any]) -> list[Row]:
        """Return the rows of the parts that were measured."""
        own = [row for name in self.parts if name in parts for row in parts[name]["rows"]]
        return [Row(sizes=self._sizes(row), figures=self._figures(row)) for row in own]

    def _sizes(self, row: Part) -> dict[str, Any]:
        sizes = {name: row[name] for name in self.sizes}
        if "neighbours" in sizes:
            sizes["neighbours"] = round(sizes["neighbours"], 1)
        return sizes

    def _figures(self, row: Part) -> dict[str, float]:
        return {
            name: row[key] if isinstance(key, str) else key(row)
            for name, key in self.figures.items()
            if not isinstance(key, str) or key in row
        }


def _plain_mflop(row: Part) -> float:
    """Count a step without tables of the first layer and without lone pairs."""
    network = row["channels"], row["layers"]
    return 1e-6 * (node_flops(*network) + row["neighbours"] * pair_flops(*network))


SPEED = ("speed-dense", "speed-mos2", "speed-gas")
STUDENT = ("box", "atoms", "neighbours", "channels", "layers")
TABLES = (
    Table(
        BENCHMARK,
        "Speed of pair_style ipip on one core (CPU time)",
        SPEED,
        STUDENT,
        {
            KERNELS: "kernels_us",
            "torchscript_us_per_atom_step": "torchscript_us",
            RATIO: "speedup",
            "kernels_over_sgemm_floor": "over_floor",
        },
    ),
    Table(
        "pair-rates",
        "Arithmetic of a step of pair_style ipip on one core (CPU time)",
        SPEED,
        STUDENT,
        {
            "mflop_per_atom_step": lambda row: 1e-6 * row["flops"],
            "without_tables_and_lone_pairs": _plain_mflop,
            KERNELS: "kernels_us",
            "kernels_gflop_per_s": lambda row: 1e-3 * row["flops"] / row["kernels_us"],
            "sgemm_gflop_per_s": "sgemm_gflops",
        },
    ),
    Table(
        "pair-others",
        "Other programs on the dense box, 512 atoms, one core",
        ("teacher", "schnetpack", "deepmd", "memory"),
        ("what",),
        {"us_per_atom_step": "us", "kib_per_atom": "kib_per_atom"},
    ),
    Table(
        "pair-sizes",
        "Cost of an atom by the size of the box, 64 channels, 2 layers, one core",
        ("sizes", "million"),
        ("atoms",),
        {"us_per_atom_step": "us", "peak_gib": "peak_gib"},
    ),
    Table(
        "pair-ranks",
        "Two ranks against one, 64 channels, 2 layers (wall time)",
        ("ranks",),
        ("ranks", "atoms"),
        {"us_per_atom_step": "us", "times_one_rank": "speedup"},
    ),
    Table(
        "pair-relabel",
        "Labels of a student for stored frames, neighbour lists included (wall time)",
        ("relabel",),
        ("frames", "atoms", "channels", "layers"),
        {"kernels_s": "kernels_s", "eager_s": "eager_s", "eager_over_kernels": "speedup"},
    ),
    Table(
        "pair-drift",
        "Constant-energy MD from 1200 K, 0.5 fs: means over start velocities",
        ("drift",),
        ("backend", "dtype", "atoms", "steps", "seeds"),
        {
            "drift_mev_per_atom_ps": "drift_mev_per_atom_ps",
            "standard_error": "standard_error",
            "fluctuation_mev_per_atom": "fluctuation_mev_per_atom",
            "mean_temperature_k": "mean_temperature_k",
        },
    ),
    Table(
        "pair-uncertainty",
        "Steps that read expected errors against steps that do not, in turns (CPU time)",
        ("uncertainty",),
        ("box", "atoms", "channels", "layers", "turns"),
        {
            "step_us_per_atom": "step_us",
            "more_percent": lambda row: 100 * row["more"],
            "more_percent_lower_quartile": lambda row: 100 * row["quartiles"][0],
            "more_percent_upper_quartile": lambda row: 100 * row["quartiles"][1],
        },
    ),
)
