"""Looking through a dump for the step at which its run failed; goes on where the dump grows."""

from __future__ import annotations

import bisect
import dataclasses
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.harvest.bounds import geometry_problem
from ipip.harvest.candidates import RunSteps
from ipip.harvest.distances import Pair
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.dump_stream import is_compressed


def _numbers() -> array[int]:
    return array("q")


@dataclasses.dataclass
class DumpScan:
    """What is known of a dump without its frames: 16 bytes for each of them.

    Attributes:
        name: of the run.
        steps: of the whole frames.
        offsets: bytes of text before each, in its file.
        files: name of each file, and the number of its first frame.
        end: behind the last whole frame; where a later scan goes on.
        n_atoms: of the first frame.
        failed_at: step of the first frame that is out of bounds, or None.
        problem: why, or None.
    """

    name: str
    steps: array[int] = dataclasses.field(default_factory=_numbers)
    offsets: array[int] = dataclasses.field(default_factory=_numbers)
    files: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    end: DumpPosition | None = None
    n_atoms: int | None = None
    failed_at: int | None = None
    problem: str | None = None

    def add(self, step: int, place: DumpPosition) -> None:
        """Take a frame."""
        if not self.files or self.files[-1][0] != place.file:
            self.files.append((place.file, len(self.steps)))
        self.steps.append(step)
        self.offsets.append(place.offset)

    def places(self, steps: Collection[int]) -> dict[int, DumpPosition]:
        """Return where the frames of some steps begin; of a step twice in the dump the last one."""
        wanted = set(steps)
        firsts = [first for _, first in self.files]
        found = {}
        for frame, step in enumerate(self.steps):
            if step in wanted:
                file = self.files[bisect.bisect_right(firsts, frame) - 1][0]
                found[step] = DumpPosition(file, self.offsets[frame])
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        end = None if self.end is None else dataclasses.asdict(self.end)
        return plain | {"steps": list(self.steps), "offsets": list(self.offsets), "end": end}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DumpScan:
        """Rebuild a scan from :meth:`as_dict`."""
        end = None if plain["end"] is None else DumpPosition(**plain["end"])
        files = [(str(name), int(first)) for name, first in plain["files"]]
        numbers = {name: array("q", plain[name]) for name in ("steps", "offsets")}
        return cls(**{**plain, **numbers, "files": files, "end": end})

    def run_steps(self, timestep: float, *, failed: bool) -> RunSteps:
        """Return what the choice of candidates must know.

        Args:
            timestep: fs.
            failed: whether the run failed right behind the dump's end, if not before.
        """
        state = "unstable" if failed or self.failed_at is not None else "stable"
        steps = np.unique(np.array(self.steps, dtype=np.int64))
        end = self.failed_at
        if end is None and len(steps):
            end = int(steps[-1]) + (state == "unstable")
        return RunSteps(self.name, state, end, steps, timestep)


def scan_dump(
    path: Path,
    known: DumpScan,
    symbols: Sequence[str] | None,
    min_distances: Mapping[Pair, float],
    max_force: float,
    progress: Callable[[DumpFrame, DumpReader], None] | None = None,
) -> DumpScan:
    """Look at the frames of a dump that an earlier scan has not seen, one at a time.

    A frame is the failure of its run where values are not finite, atoms are gone, two atoms are too
    close, or a dumped force is too large.

    Args:
        path: dump or pattern; see :func:`ipip.lammps.read_dump`.
        known: earlier scan, or an empty one with its name.
        symbols: element of each LAMMPS type, or None.
        min_distances: lower bound (Å) of each pair of symbols.
        max_force: eV/Å, where the dump has fx fy fz.
        progress: called with each frame.

    Raises:
        InputError: the dump cannot be read or its elements are not known.
    """
    scan = dataclasses.replace(
        known, steps=known.steps[:], offsets=known.offsets[:], files=[*known.files]
    )
    reader = read_dump(path, symbols, start=known.end, columns=("fx", "fy", "fz"))
    for frame in reader:
        if frame.numbers is None:
            raise InputError(
                f"dump {path}: the elements are not known: give the symbols of its types, in order "
                "(--symbols Mo,S,O), or write `element` columns with `dump_modify element`"
            )
        if scan.n_atoms is None:
            scan.n_atoms = len(frame.numbers)
        scan.add(frame.step, frame.position)
        if scan.failed_at is None:
            scan.problem = _problem(frame, scan.n_atoms, min_distances, max_force)
            scan.failed_at = None if scan.problem is None else frame.step
        if progress is not None:
            progress(frame, reader)
    scan.end = reader.position
    return scan


def read_steps(
    path: Path, scan: DumpScan, steps: Sequence[int], symbols: Sequence[str] | None
) -> dict[int, Frame]:
    """Read the frames of some steps: each at its place, or in one pass where it is compressed.

    Args:
        path: dump or pattern.
        scan: of the dump.
        steps: wanted; all of them are in the scan.
        symbols: element of each LAMMPS type, or None.

    Returns:
        Step to frame, in LAMMPS' orientation, with info ``traj`` and ``md_step``.
    """
    places = scan.places(steps)
    order = sorted(set(steps), key=lambda step: (places[step].file, places[step].offset))
    if not order:
        return {}
    if is_compressed(path) and "*" not in path.name:
        reader = read_dump(path, symbols, order, start=places[order[0]], columns=())
        return {dumped.step: _frame(dumped, scan.name) for dumped in reader}
    found = {}
    for step in order:
        dumped = next(iter(read_dump(path, symbols, [step], start=places[step], columns=())))
        found[step] = _frame(dumped, scan.name)
    return found


def _frame(dumped: DumpFrame, name: str) -> Frame:
    assert dumped.numbers is not None  # the scan has seen them
    info = {"traj": name, "md_step": dumped.step}
    return Frame(dumped.numbers, dumped.positions, dumped.cell, dumped.pbc, info=info)


def _problem(
    frame: DumpFrame, n_atoms: int, min_distances: Mapping[Pair, float], max_force: float
) -> str | None:
    assert frame.numbers is not None
    if len(frame.numbers) != n_atoms:
        return f"{n_atoms - len(frame.numbers)} of {n_atoms} atoms are gone"
    geometry = Frame(frame.numbers, frame.positions, frame.cell, frame.pbc)
    problem = geometry_problem(geometry, min_distances)
    if problem is None and frame.forces is not None and len(frame.forces):
        largest = float(np.sqrt((frame.forces**2).sum(axis=1).max()))
        if not largest <= max_force:
            problem = f"force {largest:.4g} eV/Å is above {max_force:g} eV/Å"
    return problem
