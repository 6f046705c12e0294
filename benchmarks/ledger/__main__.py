"""Measures a run's pretraining sets: frames stored once with an index, against a copy a round.

python -m benchmarks.ledger
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.ledger.copies import measure_copies
from benchmarks.ledger.frames import RUNS, Size
from benchmarks.ledger.index import measure_index
from benchmarks.record import add_record_option, record
from benchmarks.results import Row

FIGURES = ("bytes", "forget_s", "relabel_s")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000, help="frames made in all rounds")
    parser.add_argument("--rounds", type=int, default=10, help="rounds after round 0")
    parser.add_argument("--atoms", type=int, default=156, help="atoms of each frame")
    parser.add_argument("--harvest", type=int, default=1000, help="frames a round adds")
    parser.add_argument(
        "--share",
        type=float,
        default=0.02,
        help="fraction of the frames to write and read; figures are scaled to all of them",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/ledger"))
    add_record_option(parser)
    options = parser.parse_args(arguments)
    size = Size(
        round(options.frames * options.share),
        options.rounds,
        options.atoms,
        round(options.harvest * options.share),
    )
    if size.first < 2 * RUNS:
        parser.error(f"--share leaves {size.first} frames to round 0; expected {2 * RUNS} at least")
    with tempfile.TemporaryDirectory(prefix="ipip-ledger-") as scratch:
        cases = {
            "a copy a round, text": measure_copies(size, Path(scratch) / "copies"),
            "stored once, an index a round": measure_index(size, Path(scratch) / "index"),
        }
    results: dict[str, Any] = {
        "what": "disk of all pretraining sets and of the frames they are from; CPU seconds of "
        "forget and relabel in round 1 without the student's own evaluation",
        "frames": options.frames,
        "rounds": options.rounds,
        "atoms": options.atoms,
        "share": options.share,
        "cases": {
            name: {figure: case[figure] / options.share for figure in FIGURES}
            for name, case in cases.items()
        },
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    show(results)
    print(f"wrote {options.out}/results.json")
    if options.record:
        record(
            options.record,
            "ledger",
            rows_of(results),
            title="Pretraining sets of a run: disk and CPU time",
            command="python -m benchmarks.ledger",
            packages=("ipip",),
        )


def rows_of(results: dict[str, Any]) -> list[Row]:
    """Return the two ways to store the sets as rows for the site."""
    sizes = {name: results[name] for name in ("frames", "rounds", "atoms", "share")}
    return [
        Row(
            sizes={"kept as": name, **sizes},
            figures={
                "disk_gb": case["bytes"] / 1e9,
                "forget_cpu_s": case["forget_s"],
                "relabel_cpu_s": case["relabel_s"],
            },
        )
        for name, case in results["cases"].items()
    ]


def show(results: dict[str, Any]) -> None:
    """Print one row for each way to store the sets."""
    print(
        f"{results['frames']} frames of {results['atoms']} atoms, {results['rounds']} rounds; "
        f"{results['share']:.3g} of them measured"
    )
    print(f"{'':32}{'disk (GB)':>12}{'forget (s)':>12}{'relabel (s)':>12}")
    for name, case in results["cases"].items():
        row = (case["bytes"] / 1e9, case["forget_s"], case["relabel_s"])
        print(f"{name:32}" + "".join(f"{value:12.2f}" for value in row))


if __name__ == "__main__":
    main()
