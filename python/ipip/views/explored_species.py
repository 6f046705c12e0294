"""The molecules of a run: at the end of explorations, and over time in analysed dumps."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from ipip.config.species import SpeciesSettings
from ipip.errors import InputError
from ipip.lammps.dump import read_dump
from ipip.lammps.run_record import changed_frames, read_run_record
from ipip.lammps.units import units_of_run
from ipip.pages.numbers import format_number
from ipip.records.manifest import Manifest
from ipip.records.run_folder import RunFolder
from ipip.report import SpeciesAtEnd, SpeciesOverTime
from ipip.species import molecules_in
from ipip.species.molecules import formula_counts
from ipip.stages.finetune import FINETUNE
from ipip.stages.student_md import STUDENT_MD
from ipip.storage.sealed import DamagedError

FIRST, LAST = "trajectory.dump", "last.dump"
ANALYSES = ("species*/counts.csv", "round_[0-9]*/*/runs/*/species*/counts.csv")
SAMPLES = 400  # points of a curve, at most
SHOWN = 8  # curves of an analysis, at most


def species_at_end(
    run: RunFolder, manifests: Mapping[str, Manifest], rounds: int
) -> list[SpeciesAtEnd]:
    """Count the molecules at the end of the students' stable exploration runs.

    All rounds start from the same boxes, which come first if dumps of them exist.

    Args:
        run: the run folder.
        manifests: of the finished stages.
        rounds: the evaluated ones.
    """
    counts: list[SpeciesAtEnd] = []
    for index in range(1, rounds):
        explored = manifests[STUDENT_MD.of(index)]
        students = {FINETUNE.of(earlier): earlier for earlier in range(index)}
        base = next(students[name] for name in explored.inputs if name in students)
        entries = STUDENT_MD.read(manifests, index).runs
        stable = [entry for entry in entries if entry.state == "stable"]
        place = run.stage(explored.stage) / STUDENT_MD.record.RUNS
        if not counts:
            title = f"start of all {len(entries)} runs"
            counts += _count(title, [place / entry.name for entry in entries], FIRST)
        longest = max((entry.steps * entry.timestep_fs for entry in stable), default=0.0)
        title = (
            f"round {index}: student {base}, {format_number(longest / 1000)} ps, "
            f"{len(stable)} of {len(entries)} runs"
        )
        counts += _count(title, [place / entry.name for entry in stable], LAST)
    return counts


def _count(title: str, folders: list[Path], name: str) -> list[SpeciesAtEnd]:
    """Count the molecules in the first frame of a dump of each run."""
    settings, counts, runs = SpeciesSettings(), Counter[str](), 0
    for folder in folders:
        try:
            symbols = read_run_record(folder)["symbols"]
            if changed_frames(folder, [name]):
                continue  # removed to save space, or damaged
            units = units_of_run(folder)
            dumped = next(iter(read_dump(folder / name, symbols, columns=(), units=units)))
        except (OSError, ValueError, KeyError, StopIteration, InputError, DamagedError):
            continue
        if dumped.numbers is not None:
            place = (dumped.positions, dumped.cell, dumped.pbc)
            counts += molecules_in(dumped.numbers, *place, settings)
            runs += 1
    return [SpeciesAtEnd(title, runs, dict(counts))] if runs else []


def species_over_time(run: RunFolder) -> list[SpeciesOverTime]:
    """Read the analyses of `ipip species` in the run folder, or beside a run's dump."""
    counts = []
    for path in sorted(path for place in ANALYSES for path in run.root.glob(place)):
        curve = _read_analysis(path, path.parent.relative_to(run.root).as_posix())
        if curve is not None:
            counts.append(curve)
    return counts


def _read_analysis(path: Path, name: str) -> SpeciesOverTime | None:
    """Read the most frequent followed species of an analysis, thinned; None if it is incomplete.

    Two passes, so that memory does not grow with the number of rows.
    """
    try:
        summary = json.loads((path.parent / "summary.json").read_text(encoding="utf-8"))
        follow, last = summary["follow"], int(summary["last_step"])
        per_step = float(summary["timestep_fs"]) / 1000.0
        lived = _lived(path, last)
        names = [n for n in lived if follow is None or follow in formula_counts(n)]
        names = sorted(names, key=lambda n: (-lived[n], n))[:SHOWN]
        first = int(summary["first_step"])
        grid = sorted({first + (last - first) * k // (SAMPLES - 1) for k in range(SAMPLES)})
        counts: dict[str, list[int]] = {name: [] for name in names}
        now = Counter[str]()
        at = 0
        for step, species, count in _rows(path):
            while at < len(grid) and grid[at] < step:
                _sample(counts, now)
                at += 1
            now[species] = count
        for _ in grid[at:]:
            _sample(counts, now)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return SpeciesOverTime(name, follow, tuple(step * per_step for step in grid), counts)


def _sample(counts: dict[str, list[int]], now: Counter[str]) -> None:
    for name, values in counts.items():
        values.append(now[name])


def _lived(path: Path, last: int) -> Counter[str]:
    """Sum the lifetimes, in steps, of the molecules of each species."""
    total: Counter[str] = Counter()
    now: dict[str, tuple[int, int]] = {}
    for step, species, count in _rows(path):
        since, number = now.get(species, (step, 0))
        total[species] += number * (step - since)
        now[species] = step, count
    for species, (since, number) in now.items():
        total[species] += number * (last - since)
    return total


def _rows(path: Path) -> Iterator[tuple[int, str, int]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield int(row["step"]), row["species"], int(row["count"])
