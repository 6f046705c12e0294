"""Two builds side by side: python -m benchmarks.builds OLD NEW.

    python -m benchmarks.builds OLD NEW [--rounds 5] [--record MACHINE]

Each is a checkout with its own .venv. In turns each runs its `benchmarks.pair` (dense box and S2
gas) and `benchmarks.train`, in their quick forms; a ratio is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.pair.parts import read_parts
from benchmarks.record import add_record_option, record
from benchmarks.results import Row, this_machine
from rich.console import Console
from rich.table import Table

BENCHMARKS = (
    ("pair", "--quick", "--only", "speed-dense", "--only", "speed-gas"),
    ("train", "--quick"),
)
OLD_NAMES = {"fused": "kernels"}  # names of backends in results of earlier versions


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.builds", description=__doc__)
    parser.add_argument("old", type=Path, help="checkout with .venv")
    parser.add_argument("new", type=Path, help="checkout with .venv")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/builds.json"))
    add_record_option(parser)
    given = parser.parse_args()
    builds = {"old": given.old.resolve(), "new": given.new.resolve()}
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in builds}
    for number in range(given.rounds):
        for name, checkout in builds.items():
            print(f"round {number + 1} of {given.rounds}, {name}", file=sys.stderr)
            with tempfile.TemporaryDirectory() as folder:
                seen[name].append(measure(checkout, Path(folder)))
    rows = compare(seen["old"], seen["new"])
    show(rows, Console(width=120))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "machine": this_machine().model_dump(),
        "versions": {name: version_of(checkout) for name, checkout in builds.items()},
        "rounds": given.rounds,
        "rows": rows,
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {given.out}")
    if given.record:
        record(
            given.record,
            "builds",
            rows_of(rows, given.rounds),
            title="Two builds side by side, on one core",
            command="python -m benchmarks.builds OLD NEW",
            versions=result["versions"],
        )
    return 0


def version_of(checkout: Path) -> str:
    """Return the version of a checkout's ipip, with its commit."""
    done = subprocess.run(
        [checkout / ".venv/bin/ipip", "--version"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip().removeprefix("ipip ")


def rows_of(rows: Sequence[Mapping[str, Any]], rounds: int) -> list[Row]:
    """Return what `compare` returned as rows that the site shows."""
    return [
        Row(
            sizes={"case": row["case"], "rounds": rounds},
            figures={
                "old_us_per_atom_step": row["old_us"],
                "new_us_per_atom_step": row["new_us"],
                "new_over_old": row["ratio"],
                "new_over_old_by_the_least": row["ratio_of_least"],
            },
        )
        for row in rows
    ]


def measure(checkout: Path, folder: Path) -> dict[str, float]:
    """Run the benchmarks of a checkout; µs per atom and step of each case."""
    for name, *options in BENCHMARKS:
        command = [checkout / ".venv/bin/python", "-m", f"benchmarks.{name}", *options]
        subprocess.run(
            [*command, "--out", folder / name], cwd=checkout, check=True, stdout=subprocess.DEVNULL
        )
    return {
        **pair_costs(read_parts(folder / "pair" / "parts")),
        **train_costs(json.loads((folder / "train" / "results.json").read_text())),
    }


def pair_costs(parts: Mapping[str, Any]) -> dict[str, float]:
    costs = {}
    for part in parts.values():
        for row in part["rows"]:
            for backend in ("kernels", "fused", "torchscript"):
                if f"{backend}_us" in row:
                    case = f"{row['box']}, {row['channels']} channels, {row['layers']} layers"
                    name = OLD_NAMES.get(backend, backend)
                    costs[f"pair, {name}: {case}"] = row[f"{backend}_us"]
    return costs


def train_costs(results: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"train, {OLD_NAMES.get(name, name)}: {case['label']}, {case['batch'].split(':')[0]}": us
        for case in results["cases"]
        for name, us in case["us_per_atom"].items()
    }


def compare(
    old: Sequence[Mapping[str, float]], new: Sequence[Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Medians and smallest values of the cases that both checkouts have."""
    rows = []
    for case in old[0]:
        if case not in new[0]:
            continue
        before, after = ([one[case] for one in side] for side in (old, new))
        row: dict[str, Any] = {"case": case}
        for name, values in (("old", before), ("new", after)):
            row |= {f"{name}_us": statistics.median(values), f"{name}_least_us": min(values)}
        row["ratio"] = row["new_us"] / row["old_us"]
        row["ratio_of_least"] = row["new_least_us"] / row["old_least_us"]
        rows.append(row)
    return rows


def show(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = Table("case", "old, µs/atom", "new", "new / old", "by the least", title="medians")
    for row in rows:
        numbers = (row["old_us"], row["new_us"], row["ratio"], row["ratio_of_least"])
        table.add_row(row["case"], *(f"{value:.3f}" for value in numbers))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
