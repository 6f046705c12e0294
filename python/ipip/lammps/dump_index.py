"""The positions of the frames of a dump, and the run that each belongs to."""

from __future__ import annotations

import bisect
import dataclasses
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from ipip.data.frame import IntArray
from ipip.errors import InputError
from ipip.lammps.dump import DumpReader
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.dump_stream import is_compressed

SAME = 0.01  # Å; an atom that moved less between two frames is at the same place
AHEAD = 1 << 18  # bytes that are read rather than skipped by a seek: a block of text

ReadFrom = Callable[[DumpPosition], DumpReader]


def _numbers() -> array[int]:
    return array("q")


@dataclasses.dataclass
class DumpIndex:
    """The frames of a dump and its runs, in 16 bytes a frame.

    Steps increase within a run. If they do not, the dump holds another run: a second one was
    appended, or `reset_timestep` restarted the count. A killed run that resumed from a restart file
    repeats steps too. So a frame with an earlier step is compared with the earlier frame of this
    step: if every atom is at the same place, it is a repetition and is skipped, and the earlier run
    continues; any other frame starts a new run, even if a restarted run has left the path of the
    one before.

    Attributes:
        steps: of the frames.
        offsets: bytes of text before each, in its file.
        files: name of each file, and the number of its first frame.
        parts: number of a frame and the run of it and the frames after it.
        ends: last step of each run.
        run: run of the last frame.
        repeated: number of skipped frames.
    """

    steps: array[int] = dataclasses.field(default_factory=_numbers)
    offsets: array[int] = dataclasses.field(default_factory=_numbers)
    files: list[tuple[str, int]] = dataclasses.field(default_factory=list)
    parts: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    ends: list[int] = dataclasses.field(default_factory=list)
    run: int = 0
    repeated: int = 0

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, frame: DumpFrame, earlier: EarlierFrames) -> int | None:
        """Add the next frame of the dump.

        Args:
            frame: with ids and positions.
            earlier: reads added frames.

        Returns:
            The number of its run, from 0; None if it repeats an earlier frame.
        """
        if not self.ends:
            self.ends.append(frame.step)
        elif frame.step <= self.ends[self.run]:
            if frame.position == self._place(len(self) - 1):
                return None  # a last frame without a line feed is read again when a dump grows
            repeated = self._run_of_the_same(frame, earlier)
            if repeated is not None:
                self.run, self.repeated = repeated, self.repeated + 1
                return None
            self.run = len(self.ends)
            self.ends.append(frame.step)
        self.ends[self.run] = frame.step
        place = frame.position
        if not self.files or self.files[-1][0] != place.file:
            self.files.append((place.file, len(self)))
        if not self.parts or self.parts[-1][1] != self.run:
            self.parts.append((len(self), self.run))
        self.steps.append(frame.step)
        self.offsets.append(place.offset)
        return self.run

    def steps_of(self, run: int) -> IntArray:
        """Return the steps of a run's frames, ascending."""
        steps = np.array(self.steps, dtype=np.int64)
        pieces = [steps[begin:end] for begin, end in self._parts_of(run)]
        return np.concatenate(pieces) if pieces else steps[:0]

    def places(self, run: int, steps: Collection[int]) -> dict[int, DumpPosition]:
        """Return the positions of the frames of some steps of a run."""
        selected = set(steps)
        return {
            self.steps[frame]: self._place(frame)
            for begin, end in self._parts_of(run)
            for frame in range(begin, end)
            if self.steps[frame] in selected
        }

    def in_order(self, run: int) -> Iterator[DumpPosition]:
        """Yield the positions of the frames of a run, in order."""
        for begin, end in self._parts_of(run):
            for frame in range(begin, end):
                yield self._place(frame)

    def describe(self) -> str:
        """Return the steps and numbers of frames of all runs, for people."""
        return "; ".join(
            f"run {run + 1}: steps {steps[0]} to {steps[-1]}, {len(steps)} frames"
            for run, steps in ((run, self.steps_of(run)) for run in range(len(self.ends)))
        )

    def copy(self) -> DumpIndex:
        """Return an independent copy of the index."""
        copies = {name: getattr(self, name)[:] for name in ("steps", "offsets", "files", "parts")}
        return dataclasses.replace(self, **copies, ends=[*self.ends])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {"steps": list(self.steps), "offsets": list(self.offsets)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DumpIndex:
        """Rebuild an index from :meth:`as_dict`."""
        return cls(
            steps=array("q", plain["steps"]),
            offsets=array("q", plain["offsets"]),
            files=[(str(name), int(first)) for name, first in plain["files"]],
            parts=[(int(first), int(run)) for first, run in plain["parts"]],
            ends=[int(step) for step in plain["ends"]],
            run=int(plain["run"]),
            repeated=int(plain["repeated"]),
        )

    def _run_of_the_same(self, frame: DumpFrame, earlier: EarlierFrames) -> int | None:
        """Return the run of the latest frame that is the same, or None."""
        same_step = np.flatnonzero(np.array(self.steps, dtype=np.int64) == frame.step)
        for index in same_step[::-1].tolist():
            if is_same(frame, earlier.at(self._place(index))):
                return self._run_at(index)
        return None

    def _place(self, frame: int) -> DumpPosition:
        at = bisect.bisect_right([first for _, first in self.files], frame) - 1
        return DumpPosition(self.files[at][0], self.offsets[frame])

    def _run_at(self, frame: int) -> int:
        return self.parts[bisect.bisect_right([first for first, _ in self.parts], frame) - 1][1]

    def _parts_of(self, run: int) -> Iterator[tuple[int, int]]:
        ends = [first for first, _ in self.parts[1:]] + [len(self)]
        for (begin, of), end in zip(self.parts, ends, strict=True):
            if of == run:
                yield begin, end


class EarlierFrames:
    """Reads frames of a dump again; consecutive ones in one pass.

    Args:
        read_from: returns a reader that starts at a position.
    """

    def __init__(self, read_from: ReadFrom) -> None:
        self._read_from = read_from
        self._reader: DumpReader | None = None
        self._frames: Iterator[DumpFrame] = iter(())

    def at(self, place: DumpPosition) -> DumpFrame:
        """Return the frame at a position."""
        if self._reader is None or not self._is_ahead(self._reader, place):
            self._reader = self._read_from(place)
            self._frames = self._reader.without_warnings()
        for frame in self._frames:
            if frame.position == place:
                return frame
        raise InputError(
            f"dump {self._reader.path} was replaced while it was read: run the same command again"
        )

    @staticmethod
    def _is_ahead(reader: DumpReader, place: DumpPosition) -> bool:
        """Return whether reading on reaches a position, and soon if a seek could too."""
        if place.file != reader.position.file:
            return False
        ahead = place.offset - reader.position.offset
        return ahead >= 0 and (is_compressed(reader.path) or ahead <= AHEAD)


def is_same(frame: DumpFrame, other: DumpFrame) -> bool:
    """Return whether two frames have the same atoms at the same places, up to images."""
    if len(frame.positions) != len(other.positions):
        return False
    for name in ("ids", "numbers", "types"):
        copies, others = getattr(frame, name), getattr(other, name)
        if (copies is None) != (others is None) or not (
            copies is None or np.array_equal(copies, others)
        ):
            return False
    if not np.allclose(frame.cell, other.cell, rtol=0.0, atol=SAME, equal_nan=True):
        return False
    moved = frame.positions - other.positions
    if not np.array_equal(np.isnan(frame.positions), np.isnan(other.positions)):
        return False
    moved = np.where(np.isfinite(moved), moved, 0.0)
    if np.isfinite(frame.cell).all() and abs(float(np.linalg.det(frame.cell))) > 0.0:
        images = np.round(np.linalg.solve(frame.cell.T, moved.T).T)
        moved = moved - np.where(frame.pbc, images, 0.0) @ frame.cell
    return bool((np.abs(moved) < SAME).all())
