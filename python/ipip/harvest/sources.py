"""Where frames are harvested from: a user's dumps, and folders of student runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.config.harvest_run import HarvestRunSettings
from ipip.data.atomic import write_text
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.harvest.candidates import RunSteps
from ipip.harvest.distances import Pair
from ipip.harvest.scan import DumpScan, read_steps, scan_dump
from ipip.harvest.scanned import is_still_there, seen_bytes
from ipip.lammps.trajectory import RunTrajectory
from ipip.sealed import DamagedError, read_sealed, sealed_text

SCAN_FILE = "scan.json"


@dataclasses.dataclass(frozen=True)
class Source:
    """A run that is harvested.

    Attributes:
        run: its steps and what became of it.
        problem: why it failed, or None.
        frames: reads the frames of some steps.
    """

    run: RunSteps
    problem: str | None
    frames: Callable[[Sequence[int]], Mapping[int, Frame]]


def open_sources(
    paths: Sequence[Path],
    settings: HarvestRunSettings,
    min_distances: Mapping[Pair, float],
    folder: Path,
    symbols: Sequence[str] | None = None,
) -> list[Source]:
    """Look through all dumps and run folders; what an earlier call has seen is not read again.

    Args:
        paths: dumps, patterns, or folders of student runs.
        settings: time step, guards.
        min_distances: lower bound (Å) of each pair of symbols.
        folder: keeps ``scan.json``.
        symbols: element of each LAMMPS type, or None.

    Raises:
        InputError: nothing is given, something twice, or a dump cannot be read.
    """
    if not paths:
        raise InputError("no dump is given; name at least one dump or folder of a run")
    names = _names(paths)
    bounds = {
        "min_distances": {"-".join(pair): value for pair, value in min_distances.items()},
        "max_force": settings.guards.max_force,
        "symbols": None if symbols is None else list(symbols),
    }
    earlier = _earlier_scans(folder / SCAN_FILE, bounds)
    scans: dict[str, DumpScan] = {}
    sources = []
    for name, path in zip(names, paths, strict=True):
        if path.is_dir():
            sources.append(_run_source(name, path))
            continue
        key = str(path.absolute())
        known = earlier.get(key, DumpScan(name))
        scan = scan_dump(path, known, symbols, min_distances, settings.guards.max_force)
        scans[key] = scan
        sources.append(_dump_source(path, scan, settings, symbols))
    plain = {"bounds": bounds, "scans": {key: scan.as_dict() for key, scan in scans.items()}}
    plain["seen"] = {key: seen_bytes(Path(key), scan.end) for key, scan in scans.items()}
    write_text(folder / SCAN_FILE, sealed_text(plain, indent=None))
    return sources


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a different name for each path: its file's, with folders in front where needed."""
    absolute = [path.absolute() for path in paths]
    for path in absolute:
        if absolute.count(path) > 1:
            raise InputError(f"dump {path} is given twice")
    names = []
    for path in absolute:
        depth = 1
        while sum(other.parts[-depth:] == path.parts[-depth:] for other in absolute) > 1:
            depth += 1
        names.append("/".join(path.parts[-depth:]))
    return names


def _dump_source(
    path: Path, scan: DumpScan, settings: HarvestRunSettings, symbols: Sequence[str] | None
) -> Source:
    run = scan.run_steps(settings.timestep, failed=settings.failed)
    return Source(run, scan.problem, lambda steps: read_steps(path, scan, steps, symbols))


def _run_source(name: str, path: Path) -> Source:
    trajectory = RunTrajectory(path, name)
    verdict = trajectory.verdict
    if verdict is None:
        raise InputError(f"{path}: the run has not ended; wait for it, or give its dump instead")
    steps = np.asarray(trajectory.steps(), dtype=np.int64)
    run = RunSteps(name, verdict.state, verdict.step, steps, trajectory.timestep)

    def frames(wanted: Sequence[int]) -> dict[int, Frame]:
        return {int(f.info["md_step"]): f for f in trajectory.frames(wanted)}

    return Source(run, verdict.message if verdict.state == "unstable" else None, frames)


def _earlier_scans(path: Path, bounds: Mapping[str, Any]) -> dict[str, DumpScan]:
    """Scans of an earlier call, where they were made with the same bounds of the same bytes."""
    try:
        plain = read_sealed(path)
        if plain["bounds"] != bounds:
            return {}
        return {
            key: DumpScan.from_dict(scan)
            for key, scan in plain["scans"].items()
            if is_still_there(Path(key), plain["seen"][key])
        }
    except (OSError, DamagedError, ValueError, KeyError, TypeError):
        return {}
