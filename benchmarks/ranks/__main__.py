"""`python -m benchmarks.ranks [--quick] [--out DIR]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.ranks import figures, machine, model
from benchmarks.ranks.cases import CHANNELS, CUTOFF, LAYERS, write_box, write_student
from benchmarks.ranks.lmp import Times
from benchmarks.ranks.measure import CASES, QUICK, ROWS, Case, Found, measure, measured_rows
from benchmarks.ranks.memory import growth, hot_deck, resident_memory
from benchmarks.record import add_record_option, record
from benchmarks.results import Row
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

WANTED = 1.85  # times faster on two ranks, from 4000 atoms on
PHASES = ("graph", "forward", "halo", "backward", "forces")
RANKS = [2**k for k in range(11)]
RECORDED_RANKS = (8, 64, 1024)
MODEL_ATOMS = (100_000, 1_000_000)


def strong_row(case: Case, found: Found) -> dict[str, Any]:
    """Compare one rank with two on the same box, and both with the machine's limit."""
    one, two, apart = found.one, found.two, found.apart
    phases = {name: two.mean(name) for name in PHASES}
    total = sum(phases.values())
    return {
        "backend": case.name,
        "atoms": case.atoms,
        "seconds_1": one.step,
        "seconds_2": two.step,
        "seconds_halves_apart": apart.step,
        "speedup": one.step / two.step,
        "speedup_halves_apart": one.step / apart.step,
        "us_per_atom_1": 1e6 * one.step / case.atoms,
        "halo_rows": two.mean("halo_rows"),
        "shares": {name: value / total for name, value in phases.items()},
        "imbalance": two.per_rank["forward"][2] / two.per_rank["forward"][1],
    }


def weak_rows(runs: dict[tuple[str, int, int], Times]) -> list[dict[str, Any]]:
    """Compare a box on one rank with one of twice the atoms on two."""
    rows = []
    for (backend, atoms, ranks), one in runs.items():
        two = runs.get((backend, 2 * atoms, 2))
        if ranks == 1 and two is not None:
            rows.append(
                {
                    "backend": backend,
                    "atoms_per_rank": atoms,
                    "seconds_1": one.step,
                    "seconds_2": two.step,
                    "efficiency": one.step / two.step,
                }
            )
    return rows


def benchmark(quick: bool, network: model.Network, folder: Path) -> dict[str, Any]:
    """Make all measurements."""
    cases = QUICK if quick else CASES
    write_student(folder / "student.pt")
    runs: dict[tuple[str, int, int], Times] = {}
    strong = []
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("measuring", total=len(cases) + 2)
        for case in cases:
            progress.update(task, description=f"{case.name}, {case.atoms} atoms")
            found = measure(case, folder)
            runs[case.name, case.atoms, 1] = found.one
            runs[case.name, case.atoms, 2] = found.two
            strong.append(strong_row(case, found))
            progress.advance(task)
        progress.update(task, description="halo rows")
        rows = []
        for ranks, cells in ROWS[:1] if quick else ROWS:
            atoms = cells[0] * cells[1] * cells[2]
            counted = measured_rows(folder, ranks, cells)
            geometry = model.halo_rows(atoms, ranks)
            rows.append({"ranks": ranks, "atoms": atoms, "counted": counted, "geometry": geometry})
        progress.advance(task)
        progress.update(task, description="memory")
        write_box(folder / "small.data", (5, 5, 5))
        deck = hot_deck("small.data", "student.pt", "backend kernels")
        memory = resident_memory(folder, deck, 100, 10 if quick else 100, 2)
        progress.advance(task)
    cost = model.fit([t for (backend, _, _), t in runs.items() if backend == "kernels"])
    return {
        "machine": machine.facts(),
        "quick": quick,
        "student": {
            "architecture": "painn",
            "channels": CHANNELS,
            "layers": LAYERS,
            "cutoff": CUTOFF,
            "dtype": "float32",
        },
        "strong": strong,
        "weak": weak_rows(runs),
        "halo_rows": rows,
        "model": {
            "network": dataclasses.asdict(network),
            "cost": dataclasses.asdict(cost),
            "predictions": {
                str(n): [model.predict(cost, network, n, p) for p in RANKS] for n in MODEL_ATOMS
            },
        },
        "memory": {**memory, "growth_mib": growth(memory)},
    }


def tables(result: dict[str, Any]) -> list[Table]:
    """Print the result."""
    strong = Table(
        "backend",
        "atoms",
        "1 rank, ms",
        "2 ranks, ms",
        "times faster",
        "halves apart",
        "µs/atom",
        "halo rows",
        "halo share",
        title="strong scaling: one box on 1 and 2 ranks",
    )
    for r in result["strong"]:
        strong.add_row(
            r["backend"],
            f"{r['atoms']}",
            f"{1e3 * r['seconds_1']:.1f}",
            f"{1e3 * r['seconds_2']:.1f}",
            f"{r['speedup']:.2f}",
            f"{r['speedup_halves_apart']:.2f}",
            f"{r['us_per_atom_1']:.0f}",
            f"{r['halo_rows']:.0f}",
            f"{100 * r['shares']['halo']:.1f} %",
        )
    weak = Table(
        "backend",
        "atoms a rank",
        "1 rank, ms",
        "2 ranks, ms",
        "efficiency",
        title="weak scaling: as many atoms on each rank",
    )
    for r in result["weak"]:
        weak.add_row(
            r["backend"],
            f"{r['atoms_per_rank']}",
            f"{1e3 * r['seconds_1']:.1f}",
            f"{1e3 * r['seconds_2']:.1f}",
            f"{100 * r['efficiency']:.0f} %",
        )
    rows = Table("ranks", "atoms", "counted", "geometry", title="halo rows of a rank")
    for r in result["halo_rows"]:
        rows.add_row(
            f"{r['ranks']}", f"{r['atoms']}", f"{r['counted']:.0f}", f"{r['geometry']:.0f}"
        )
    out = [strong, weak, rows]
    for atoms, predictions in result["model"]["predictions"].items():
        table = Table(
            "ranks",
            "atoms",
            "halo rows",
            "ms/step",
            "efficiency",
            "ghosts to 3 cutoffs",
            "ms/step there",
            "efficiency there",
            title=f"model: {int(atoms):,} atoms",
        )
        for p in predictions:
            table.add_row(
                f"{p['ranks']}",
                f"{p['atoms_per_rank']:.0f}",
                f"{p['halo_rows']:.0f}",
                f"{1e3 * p['seconds']:.2f}",
                f"{100 * p['efficiency']:.0f} %",
                f"{p['ghosts_of_alternative']:.0f}",
                f"{1e3 * p['alternative_seconds']:.2f}",
                f"{100 * p['alternative_efficiency']:.0f} %",
            )
        out.append(table)
    return out


def verdict(result: dict[str, Any]) -> str:
    """Return the result in one line."""
    large = [r for r in result["strong"] if r["atoms"] >= 4000]
    names = {good: [] for good in (True, False)}
    for r in large:
        text = f"{r['backend']} {r['atoms']} atoms {r['speedup']:.2f}x"
        names[r["speedup"] >= WANTED].append(text)
    halo = max((r["shares"]["halo"] for r in large), default=0.0)
    memory, cost = result["memory"], result["model"]["cost"]
    return (
        f"2 ranks against 1, from 4000 atoms on: at least {WANTED}x: "
        f"{', '.join(names[True]) or 'none'}; less: {', '.join(names[False]) or 'none'}. "
        f"Exchanges take up to {100 * halo:.0f} %. Memory grew {memory['growth_mib']:.2f} MiB "
        f"in {memory['steps'][-1]} steps. The model deviates from its measurements by at most "
        f"{100 * cost['largest_error']:.0f} %."
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer boxes, about a minute")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/ranks"))
    parser.add_argument(
        "--latency",
        type=float,
        default=0.0,
        metavar="MICROSECONDS",
        help="latency of a message on your network, for the model (default 0: memory)",
    )
    parser.add_argument(
        "--bandwidth",
        type=float,
        metavar="GB/S",
        help="bandwidth of your network for each rank, for the model (default: memory)",
    )
    add_record_option(parser)
    arguments = parser.parse_args()
    per_byte = 1e-9 / arguments.bandwidth if arguments.bandwidth else 0.0
    network = model.Network(1e-6 * arguments.latency, per_byte)
    with tempfile.TemporaryDirectory(prefix="ipip-ranks-") as name:
        result = benchmark(arguments.quick, network, Path(name))
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "ranks.json").write_text(json.dumps(result, indent=1) + "\n")
    figures.plot_scaling(result, arguments.out / "scaling.png")
    figures.plot_model(result, arguments.out / "model.png")
    figures.plot_memory(result["memory"], arguments.out / "memory.png")
    console = Console()
    console.print(verdict(result))
    for table in tables(result):
        console.print(table)
    console.print(f"{arguments.out}/: ranks.json, scaling.png, model.png, memory.png")
    if arguments.record:
        _record(arguments.record, result, " --quick" if arguments.quick else "")


def _record(name: str, result: dict[str, Any], option: str) -> None:
    """Record what was measured, and what the model predicts from it."""
    command = f"python -m benchmarks.ranks{option}"
    record(
        name, "ranks", strong_figures(result), title="One rank and two (wall time)", command=command
    )
    title = "Many ranks, predicted from one and two, with messages as fast as through memory"
    record(name, "ranks-predicted", predicted_figures(result), title=title, command=command)


def strong_figures(result: dict[str, Any]) -> list[Row]:
    """Return what was measured as rows for the site."""
    return [
        Row(
            sizes={"backend": row["backend"], "atoms": row["atoms"]},
            figures={
                "one_rank_ms": 1e3 * row["seconds_1"],
                "two_ranks_ms": 1e3 * row["seconds_2"],
                "one_over_two": row["speedup"],
                "halves_apart": row["speedup_halves_apart"],
                "halo_rows_of_a_rank": row["halo_rows"],
                "exchange_percent": 100 * row["shares"]["halo"],
            },
        )
        for row in result["strong"]
    ]


def predicted_figures(result: dict[str, Any]) -> list[Row]:
    """Return the model's predictions as rows for the site."""
    return [
        Row(
            sizes={"atoms": int(atoms), "ranks": one["ranks"]},
            figures={
                "halo_rows_of_a_rank": one["halo_rows"],
                "efficiency_percent": 100 * one["efficiency"],
                "ghosts_to_3_cutoffs": one["ghosts_of_alternative"],
                "efficiency_there_percent": 100 * one["alternative_efficiency"],
            },
        )
        for atoms, predictions in result["model"]["predictions"].items()
        for one in predictions
        if one["ranks"] in RECORDED_RANKS
    ]


if __name__ == "__main__":
    main()
