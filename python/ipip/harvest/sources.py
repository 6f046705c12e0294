"""Sources of a harvest: a user's dumps, and folders of student runs."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.config.harvest_run import HarvestRunSettings
from ipip.data.frame import Frame
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.harvest.candidates import RunSteps
from ipip.harvest.distances import Pair
from ipip.harvest.scan import DumpScan, ScanSettings, read_steps, scan_dump
from ipip.harvest.scan_digest import scanned_bytes, starts_as_scanned
from ipip.lammps.dump import assumed_units, read_dump
from ipip.lammps.dump_files import dump_files
from ipip.lammps.dump_origin import timestep_of_run, units_of_dump
from ipip.lammps.timestep import agreed_timestep, timestep_of
from ipip.lammps.trajectory import RunTrajectory
from ipip.lammps.units import agreed_units, units_of_run
from ipip.storage.atomic import write_text
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text

SCAN_FILE = "scan.json"
SCAN_FORMAT = 2  # 1, without this key, had one run a dump
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Source:
    """A run that is harvested.

    Attributes:
        run: its steps and outcome.
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
    """Scan all dumps and run folders, without the parts that an earlier call has read.

    A dump whose steps start again holds several runs, each of which is a source.

    Args:
        paths: dumps, patterns, or folders of student runs.
        settings: units, time step, guards.
        min_distances: lower bound (Å) of each pair of symbols.
        folder: keeps ``scan.json``.
        symbols: element of each LAMMPS type, or None.

    Raises:
        InputError: no path is given, one is given twice, a dump cannot be read, or it contradicts
            the settings.
    """
    if not paths:
        raise InputError("no dump is given; name at least one dump or folder of a run")
    names = _names(paths)
    for path in (path for path in paths if path.is_dir()):
        agreed_units(f"the deck of {path}", units_of_run(path), settings.units)
    units = _units_of([path for path in paths if not path.is_dir()], settings)
    base = ScanSettings(
        min_distances=min_distances,
        max_force=settings.guards.max_force,
        symbols=symbols,
        whole=settings.whole,
        atoms_may_leave=settings.atoms_may_leave,
        biased=settings.biased,
    )
    bounds = {
        "min_distances": {"-".join(pair): value for pair, value in min_distances.items()},
        "max_force": None if base.biased else base.max_force,
        "symbols": None if symbols is None else list(symbols),
        "whole": base.whole,
        "atoms_may_leave": base.atoms_may_leave,
        "units": {str(path.absolute()): name for path, name in units.items()},
    }
    earlier = _earlier_scans(folder / SCAN_FILE, bounds)
    scans: dict[str, DumpScan] = {}
    sources = []
    for name, path in zip(names, paths, strict=True):
        if path.is_dir():
            sources.append(_run_source(RunTrajectory(path, name)))
            continue
        of_dump = dataclasses.replace(base, units=units[path])
        timestep = _timestep_of(path, of_dump, settings)
        key = str(path.absolute())
        scan = scan_dump(path, earlier.get(key, DumpScan(name)), of_dump)
        scans[key] = scan
        _report_runs(path, scan)
        sources += [
            _dump_source(path, scan, run, of_dump, timestep, settings.failed)
            for run in range(len(scan.runs))
        ]
    plain: dict[str, Any] = {"format": SCAN_FORMAT, "bounds": bounds}
    plain["scans"] = {key: scan.as_dict() for key, scan in scans.items()}
    plain["seen"] = {key: scanned_bytes(Path(key), scan.end) for key, scan in scans.items()}
    write_text(folder / SCAN_FILE, sealed_text(plain, indent=None))
    return sources


def _units_of(paths: Sequence[Path], settings: HarvestRunSettings) -> dict[Path, str]:
    """Return the units of each dump; metal, with a warning, if unknown."""
    stated = {path: units_of_dump(path, settings.units) for path in paths}
    assumed = [path for path, units in stated.items() if units is None]
    if assumed:
        _LOG.warning("%s", assumed_units(assumed))
    return {path: units or "metal" for path, units in stated.items()}


def _timestep_of(path: Path, scan: ScanSettings, settings: HarvestRunSettings) -> float:
    """Return the time step (fs) of a dump; 1 if unknown."""
    reader = read_dump(path, scan.symbols, columns=(), units=scan.units, whole=scan.whole)
    in_dump = timestep_of(itertools.islice(reader, 2))
    given = timestep_of_run(path, settings.timestep)
    return agreed_timestep(f"dump {path} (ITEM: TIME)", in_dump, given) or 1.0


def _report_runs(path: Path, scan: DumpScan) -> None:
    index = scan.index
    if len(scan.runs) > 1:
        _LOG.warning(
            "%s: its steps start again, so it holds several runs: %s", path, index.describe()
        )
    if index.repeated:
        _LOG.warning(
            "%s: %d frames repeat earlier ones, as after a restart of the run: each counts once",
            path,
            index.repeated,
        )


def _names(paths: Sequence[Path]) -> list[str]:
    """Return unique names of paths: of the file, with folders if needed."""
    absolute = [path.absolute() for path in paths]
    owners: dict[Path, Path] = {}
    for path in absolute:
        for file in [path] if path.is_dir() else dump_files(path):
            if file.resolve() in owners:
                raise InputError(f"dump {file} is given twice: {owners[file.resolve()]} and {path}")
            owners[file.resolve()] = path
    names = []
    for path in absolute:
        depth = 1
        while sum(other.parts[-depth:] == path.parts[-depth:] for other in absolute) > 1:
            depth += 1
        names.append("/".join(path.parts[-depth:]))
    return names


def _dump_source(
    path: Path, scan: DumpScan, run: int, settings: ScanSettings, timestep: float, failed: bool
) -> Source:
    steps = scan.run_steps(run, timestep, failed=failed)
    return Source(
        steps,
        scan.runs[run].problem,
        lambda chosen: read_steps(path, scan, run, chosen, settings),
    )


def run_sources(folder: Path) -> list[Source]:
    """Return the finished runs of students in the folders inside `folder`."""
    trajectories = [RunTrajectory(path) for path in sorted(folder.iterdir())]
    return [_run_source(one) for one in trajectories if one.verdict is not None]


def _run_source(trajectory: RunTrajectory) -> Source:
    verdict = trajectory.verdict
    if verdict is None:
        raise InputError(
            f"{trajectory.folder}: the run has not ended; wait for it, or give its dump instead"
        )
    steps = np.asarray(trajectory.steps(), dtype=np.int64)
    run = RunSteps(trajectory.name, verdict.state, verdict.step, steps, trajectory.timestep)

    def frames(chosen: Sequence[int]) -> dict[int, Frame]:
        return {Provenance.of(frame).run_and_step[1]: frame for frame in trajectory.frames(chosen)}

    return Source(run, verdict.message if verdict.state == "unstable" else None, frames)


def _earlier_scans(path: Path, bounds: Mapping[str, Any]) -> dict[str, DumpScan]:
    """Return the scans of an earlier call with the same bounds and bytes."""
    try:
        plain = read_sealed(path)
        if plain["format"] != SCAN_FORMAT or plain["bounds"] != bounds:
            return {}
        return {
            key: DumpScan.from_dict(scan)
            for key, scan in plain["scans"].items()
            if starts_as_scanned(Path(key), plain["seen"][key])
        }
    except (OSError, DamagedError, ValueError, KeyError, TypeError):
        return {}
