"""Results of benchmarks as data: one JSON file a benchmark and machine, and tables made of them.

A file has the machine, the versions, the command, and rows; each row has the sizes of what was
measured and its figures, whose names end with their unit (`us_per_atom_step`). Files that pages
quote lie in benchmarks/results/MACHINE/.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ipip.cores import usable_cores

FOLDER = Path(__file__).resolve().parent / "results"
UNITS = {  # at or near the end of a figure's name, and as tables show it
    "us": "µs",
    "gb": "(GB)",
    "mb": "(MB)",
    "ms": "(ms)",
    "cpu s": "(CPU s)",
    "wall s": "wall time (s)",
    "cpu": "CPU time",
    "temperature k": "temperature (K)",
    "ev per a": "(eV/Å)",
    "mev per a": "(meV/Å)",
    "mev per atom ps": "(meV/atom/ps)",
    "mev per atom": "(meV/atom)",
    "mae": "MAE",
}
Size = str | int | float
Figure = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Machine(_Strict):
    """What was measured on; `load` is the number of processes that ran or waited beside it."""

    processor: str = Field(min_length=1)
    cores: int = Field(ge=1)
    memory_gib: float | None = Field(gt=0)
    gpu: str | None = None
    load: float | None = Field(None, ge=0)


class Row(_Strict):
    """One measurement: what it was of, and what came out."""

    sizes: dict[str, Size] = Field(min_length=1)
    figures: dict[str, Figure] = Field(min_length=1)


class Result(_Strict):
    """A benchmark on one machine; `note` says what a reader must know besides."""

    benchmark: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = Field(min_length=1)
    command: str = Field(min_length=1)
    taken: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    machine: Machine
    versions: dict[str, str] = Field(min_length=1)
    rows: list[Row] = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _rows_have_the_same_sizes(self) -> Result:
        names = {name for row in self.rows for name in row.sizes}
        for index, row in enumerate(self.rows):
            if missing := sorted(names - set(row.sizes)):
                raise ValueError(
                    f"row {index} lacks the size {', '.join(missing)}, which other rows have"
                )
        return self


class BadResultError(Exception):
    """A file of results is empty, or says less than a reader needs."""


def processor() -> str:
    """Return the name of the processor that this process runs on."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.*)$", info.read_text() if info.exists() else "", re.M)
    return names[0] if names else platform.processor() or platform.machine()


def this_machine(gpu: str | None = None) -> Machine:
    """Describe the machine that this process runs on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=processor(),
        cores=usable_cores(),
        memory_gib=round(pages / 2**30, 1),
        gpu=gpu,
        load=round(os.getloadavg()[0], 1),
    )


def write_result(result: Result, path: Path) -> None:
    """Write a result as JSON, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_results(folder: Path = FOLDER) -> dict[str, list[Result]]:
    """Return all results of a folder, by the machine's name (the subfolder).

    Raises:
        BadResultError: a file is no result; the message names the file and each key.
    """
    found: dict[str, list[Result]] = {}
    for path in sorted(folder.glob("*/*.json")):
        try:
            result = Result.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            lines = [line.removeprefix(": ") for line in lines]
            raise BadResultError(f"{path}: {'; '.join(lines)}") from None
        except ValueError as error:
            raise BadResultError(f"{path}: is no JSON: {error}") from None
        if result.benchmark != path.stem:
            raise BadResultError(f"{path}: its benchmark is {result.benchmark!r}; rename the file")
        found.setdefault(path.parent.name, []).append(result)
    return found


def tables(results: Mapping[str, Sequence[Result]]) -> str:
    """Return Markdown: a section for each benchmark, its machines side by side."""
    by_name: dict[str, dict[str, Result]] = {}
    for machine, own in results.items():
        for result in own:
            by_name.setdefault(result.benchmark, {})[machine] = result
    lines: list[str] = []
    for _, machines in sorted(by_name.items()):
        first = next(iter(machines.values()))
        lines += [f"## {first.title}", "", f"`{first.command}`", "", *table(machines), ""]
    return "\n".join(lines) + "\n"


def table(machines: Mapping[str, Result]) -> Iterator[str]:
    """Yield the lines of a benchmark's table, its machines side by side, and what they are.

    Args:
        machines: the benchmark's result on each, by the machine's name.
    """
    rows: dict[str, dict[str, Row]] = {}  # by sizes, then machine
    for machine, result in machines.items():
        for row in result.rows:
            rows.setdefault(json.dumps(row.sizes, sort_keys=True), {})[machine] = row
    every = [(machine, row) for own in rows.values() for machine, row in own.items()]
    sizes = list(dict.fromkeys(name for _, row in every for name in row.sizes))
    figures = list(dict.fromkeys(name for _, row in every for name in row.figures))
    measured = {(figure, machine) for machine, row in every for figure in row.figures}
    columns = [
        (figure, machine)
        for figure in figures
        for machine in machines
        if (figure, machine) in measured
    ]
    several = len(machines) > 1
    heads = [_words(figure) + (f", {machine}" if several else "") for figure, machine in columns]
    lines = []
    for own in rows.values():
        known = next(iter(own.values())).sizes
        cells = [str(known.get(name, "")) for name in sizes]
        for figure, machine in columns:
            value = own[machine].figures.get(figure) if machine in own else None
            cells.append("" if value is None else _number(value))
        lines.append(cells)
    yield from markdown_table([*map(_words, sizes), *heads], lines)
    yield ""
    for machine, result in machines.items():
        yield f"- *{machine}*: {_measured_on(result)}"


def _measured_on(result: Result) -> str:
    own = result.machine
    versions = ", ".join(f"{name} {value}" for name, value in result.versions.items())
    parts = [
        own.processor,
        f"{own.cores} cores",
        *filter(None, [own.gpu]),
        "load unknown" if own.load is None else f"load {own.load:g}",
    ]
    return "; ".join([", ".join(parts), result.taken, versions, *filter(None, [result.note])])


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table.

    Args:
        heads: of the columns.
        rows: cells of each.
    """
    for cells in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(cells)} |"


def _words(name: str) -> str:
    text = f" {name} ".replace("_", " ").replace("us per atom step", "us per atom and step")
    for short, unit in UNITS.items():
        text = text.replace(f" {short} ", f" {unit} ")
    return text.strip()


def _number(value: float) -> str:
    if abs(value) < 100 and value != int(value):
        return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
    return f"{value:,.0f}".replace(",", " ")


def row(sizes: dict[str, Any], **figures: float) -> Row:
    """Return one measurement."""
    return Row(sizes=sizes, figures=figures)
