"""Speed of pair_style ipip: python -m benchmarks.pair [--quick] [--only PART] ...

Each part is a short run that writes OUT/parts/PART.json; the table and OUT/pair.png show all
existing parts, so that a sweep can be made in several runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.pair import drift, others, relabel, scaling, speed, uncertainty
from benchmarks.pair.parts import read_parts, write_part
from benchmarks.pair.plot import plot
from benchmarks.pair.record import SPEED, TABLES
from benchmarks.pair.table import print_tables
from benchmarks.record import add_record_option, record
from rich.console import Console

from ipip.errors import IpipError

Part = Callable[..., list[dict[str, Any]]]


def _speed(box: str) -> Part:
    return lambda folder, quick: speed.measure(box, folder, quick=quick)


ALWAYS: dict[str, Part] = {
    "speed-dense": _speed("dense"),
    "speed-mos2": _speed("MoS2"),
    "speed-gas": _speed("S2 gas"),
    "memory": scaling.memory,
    "sizes": scaling.sizes,
    "ranks": scaling.ranks,
    "teacher": others.teacher,
    "relabel": relabel.relabel,
    "drift": drift.drift,
    "uncertainty": uncertainty.measure,
}
ON_REQUEST: dict[str, Part] = {
    "schnetpack": others.schnetpack,
    "deepmd": others.deepmd,
    "million": scaling.million,
}
QUICK = ("speed-dense", "speed-gas", "sizes", "relabel")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pair", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one student, small runs: a minute")
    parser.add_argument(
        "--only", action="append", choices=[*ALWAYS, *ON_REQUEST], help="a part; may be repeated"
    )
    parser.add_argument(
        "--with", dest="more", default="", help="schnetpack,deepmd: makes their environments"
    )
    parser.add_argument("--million", action="store_true", help="also advance a million atoms")
    parser.add_argument("--table", action="store_true", help="measure nothing, show existing parts")
    parser.add_argument("--out", type=Path, help="folder (runs/benchmarks/pair, or pair-quick)")
    add_record_option(parser)
    given = parser.parse_args()
    asked = [name for name in given.more.split(",") if name]
    unknown = [name for name in asked if name not in ("schnetpack", "deepmd")]
    if unknown:
        parser.error(f"--with is {given.more!r}; expected schnetpack, deepmd or both by a comma")
    out = given.out or Path("runs/benchmarks") / ("pair-quick" if given.quick else "pair")
    names = given.only or [*(QUICK if given.quick else ALWAYS), *asked]
    if given.million and "million" not in names:
        names.append("million")
    (out / "work").mkdir(parents=True, exist_ok=True)
    console = Console(width=150)
    for name in [] if given.table else names:
        console.print(f"measuring {name}", highlight=False)
        try:
            rows = (ALWAYS | ON_REQUEST)[name]((out / "work").resolve(), quick=given.quick)
        except IpipError as error:
            console.print(f"{name}: {error}", style="red", highlight=False)
            return error.exit_status
        write_part(out / "parts", name, rows, quick=given.quick)
    parts = read_parts(out / "parts") if (out / "parts").is_dir() else {}
    print_tables(parts, console)
    if parts:
        plot(parts, out / "pair.png")
        console.print(f"wrote {out}/parts/*.json and {out}/pair.png", highlight=False)
    if given.record:
        _record(given.record, parts, names, quick=given.quick)
    return 0


def _record(machine: str, parts: dict[str, Any], measured: list[str], *, quick: bool) -> None:
    """Record each table that a part of this call belongs to."""
    for table in TABLES:
        if rows := table.rows(parts) if set(measured) & set(table.parts) else []:
            which = "" if table.parts == SPEED else "".join(f" --only {p}" for p in table.parts)
            command = f"python -m benchmarks.pair{' --quick' if quick else ''}{which}"
            record(machine, table.benchmark, rows, title=table.title, command=command)


if __name__ == "__main__":
    sys.exit(main())
