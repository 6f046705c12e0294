"""Scan of a dump for the steps at which its runs failed, resumable when the dump grows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.frame import Frame, IntArray
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.harvest.bounds import geometry_problem
from ipip.harvest.candidates import RunSteps
from ipip.harvest.distances import Pair
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.dump_index import DumpIndex, EarlierFrames


@dataclasses.dataclass(frozen=True)
class ScanSettings:
    """How a dump is read, and which frames count as the failure of a run.

    Attributes:
        min_distances: lower bound (Å) of each pair of symbols.
        max_force: eV/Å, if the dump has fx fy fz and is not biased.
        symbols: element of each LAMMPS type, or None.
        units: LAMMPS' unit style of the dump; None: as stated in it.
        whole: whether its last frame needs no line feed.
        atoms_may_leave: whether fewer atoms are not a failure.
        biased: whether its forces include a bias and are not the student's.
    """

    min_distances: Mapping[Pair, float] = dataclasses.field(default_factory=dict)
    max_force: float = 100.0
    symbols: Sequence[str] | None = None
    units: str | None = None
    whole: bool = False
    atoms_may_leave: bool = False
    biased: bool = False


@dataclasses.dataclass
class RunScan:
    """The state of one run of a dump.

    Attributes:
        n_atoms: of its last frame, or None without frames.
        failed_at: step of the first frame that is out of bounds, or None.
        problem: why, or None.
    """

    n_atoms: int | None = None
    failed_at: int | None = None
    problem: str | None = None


@dataclasses.dataclass
class DumpScan:
    """The scan of a dump without its frames, 16 bytes for each of them.

    Attributes:
        name: of the dump and its first run; a second run is called ``name#2``.
        index: positions of its frames, and the run of each.
        runs: state of each run.
        end: position at which a later scan continues.
    """

    name: str
    index: DumpIndex = dataclasses.field(default_factory=DumpIndex)
    runs: list[RunScan] = dataclasses.field(default_factory=list)
    end: DumpPosition | None = None

    def copy(self) -> DumpScan:
        """Return an independent copy of the scan."""
        runs = [dataclasses.replace(run) for run in self.runs]
        return dataclasses.replace(self, index=self.index.copy(), runs=runs)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "index": self.index.as_dict(),
            "runs": [dataclasses.asdict(run) for run in self.runs],
            "end": None if self.end is None else dataclasses.asdict(self.end),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DumpScan:
        """Rebuild a scan from :meth:`as_dict`."""
        end = None if plain["end"] is None else DumpPosition(**plain["end"])
        runs = [RunScan(**run) for run in plain["runs"]]
        return cls(str(plain["name"]), DumpIndex.from_dict(plain["index"]), runs, end)

    def run_name(self, run: int) -> str:
        """Return the name of a run."""
        return self.name if run == 0 else f"{self.name}#{run + 1}"

    def run_steps(self, run: int, timestep: float, *, failed: bool) -> RunSteps:
        """Return the data on a run that the selection of candidates needs.

        Args:
            run: its number, from 0.
            timestep: fs.
            failed: whether the dump's last run failed just after the dump's end, if not before.
        """
        failed = failed and run == self.index.run
        scanned = self.runs[run]
        state = "unstable" if failed or scanned.failed_at is not None else "stable"
        steps = self.index.steps_of(run)
        end = scanned.failed_at
        if end is None and len(steps):
            end = int(steps[-1]) + (state == "unstable")
        return RunSteps(self.run_name(run), state, end, steps, timestep)


def scan_dump(
    path: Path,
    earlier_scan: DumpScan,
    settings: ScanSettings,
    progress: Callable[[DumpFrame, DumpReader], None] | None = None,
) -> DumpScan:
    """Scan the frames of a dump that an earlier scan has not read, one at a time.

    A frame is the failure of its run if values are not finite, atoms are missing, two atoms are too
    close, or a dumped force is too large. A failure in one run does not affect another.

    Args:
        path: dump or pattern; see :func:`ipip.lammps.read_dump`.
        earlier_scan: earlier scan, or an empty one with its name.
        settings: for reading, and bounds.
        progress: called with each frame.

    Raises:
        InputError: the dump cannot be read or its elements are unknown.
    """
    scan = earlier_scan.copy()
    reader = _read(path, settings, earlier_scan.end, () if settings.biased else ("fx", "fy", "fz"))
    earlier = EarlierFrames(reader.from_position)
    ids: IntArray | None = None
    for frame in reader:
        if frame.numbers is None:
            raise InputError(
                f"dump {path}: the elements are unknown: give the symbols of its types, in order "
                "(--symbols Mo,S,O), or write `element` columns with `dump_modify element`"
            )
        number = scan.index.add(frame, earlier)
        if number is not None:
            if number == len(scan.runs):
                scan.runs.append(RunScan())
                ids = None
            run = scan.runs[number]
            if run.failed_at is None:
                run.problem = _problem(frame, run.n_atoms, ids, settings)
                run.failed_at = None if run.problem is None else frame.step
            run.n_atoms = len(frame.numbers)
        ids = frame.ids
        if progress is not None:
            progress(frame, reader)
    scan.end = reader.position
    return scan


def read_steps(
    path: Path, scan: DumpScan, run: int, steps: Sequence[int], settings: ScanSettings
) -> dict[int, Frame]:
    """Read frames of some steps of a run: by seeking, or in one pass if compressed.

    Args:
        path: dump or pattern.
        scan: of the dump.
        run: its number in the dump, from 0.
        steps: to read; all of them are in the scan.
        settings: of the scan.

    Returns:
        Step to frame, in LAMMPS' orientation, with info ``traj`` and ``md_step``.
    """
    places = scan.index.places(run, steps)
    order = sorted(places, key=lambda step: (places[step].file, places[step].offset))
    earlier = EarlierFrames(lambda place: _read(path, settings, place))
    name = scan.run_name(run)
    return {step: _frame(earlier.at(places[step]), name, settings.biased) for step in order}


def _read(
    path: Path, settings: ScanSettings, start: DumpPosition | None, columns: Sequence[str] = ()
) -> DumpReader:
    return read_dump(
        path,
        settings.symbols,
        start=start,
        columns=columns,
        units=settings.units,
        whole=settings.whole,
    )


def _frame(dumped: DumpFrame, name: str, biased: bool) -> Frame:
    assert dumped.numbers is not None  # checked by the scan
    info = Provenance(traj=name, md_step=dumped.step, biased=biased).as_info()
    return Frame(dumped.numbers, dumped.positions, dumped.cell, dumped.pbc, info=info)


def _problem(
    frame: DumpFrame, n_atoms: int | None, ids: IntArray | None, settings: ScanSettings
) -> str | None:
    """Return why a frame is out of bounds.

    Args:
        frame: to judge.
        n_atoms: of the frame before, or None.
        ids: of the frame before, or None.
        settings: bounds.
    """
    assert frame.numbers is not None
    lost = 0 if n_atoms is None else max(0, n_atoms - len(frame.numbers))
    if ids is not None and frame.ids is not None and not np.array_equal(ids, frame.ids):
        lost = len(np.setdiff1d(ids, frame.ids))  # as many may have been added at the same time
    if lost and not settings.atoms_may_leave:
        return f"{lost} of {n_atoms} atoms are missing"
    geometry = Frame(frame.numbers, frame.positions, frame.cell, frame.pbc)
    problem = geometry_problem(geometry, settings.min_distances)
    if problem is None and frame.forces is not None and len(frame.forces):
        largest = float(np.sqrt((frame.forces**2).sum(axis=1).max()))
        if not largest <= settings.max_force:
            problem = f"force {largest:.4g} eV/Å is above {settings.max_force:g} eV/Å"
    return problem
