"""Streaming reader of LAMMPS text dumps (``dump custom`` and ``dump atom``)."""

from __future__ import annotations

import atexit
import contextlib
import copy
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from ipip.cores import usable_cores
from ipip.data.frame import IntArray
from ipip.errors import InputError
from ipip.lammps.dump_files import dump_files
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.dump_stream import head_of, is_compressed, open_compressed, open_plain
from ipip.lammps.units import LammpsUnits, agreed_units, lammps_units, units_in_head

if TYPE_CHECKING:
    from ipip._core import DumpFrames, DumpParser

_LOG = logging.getLogger(__name__)

Report = Callable[..., None]  # reports a message: a logger's method

_FRAME, _LEFT_OUT, _BROKEN, _CUT_OFF, _UNSURE = range(5)  # kinds of content of a dump


class DumpReader:
    """Iterate over the frames of a text dump, one frame in memory at a time.

    A truncated last frame (of a killed or running simulation) is skipped: ``truncated`` is then
    True and a warning is logged. A truncated frame in the middle, after which another run
    continued the file, is skipped too; ``broken`` counts these. If a complete last frame lacks its
    line feed, digits of its last number may be missing: it is read if they can be shown to be
    complete, or if ``whole`` is set, and ``position`` then stays before it.

    Numbers are in the units that the dump states (``dump_modify units yes``), else in the given
    units, else in metal units, with a warning.

    If the process may use a second core, a second thread reads a bounded part of the dump ahead,
    or decompresses it. It ends with the iteration, even with an unfinished one.

    Args:
        path: dump file, one compressed by gzip (.gz) or zstandard (.zst), or a pattern with ``*``
            for one file a frame, which are then read in the order of the numbers in their names.
        symbols: element of each LAMMPS type; required if the dump has no element column.
        steps: parse frames of these steps only; None: all.
        start: a ``position`` of an earlier reader, to continue in a growing dump.
        columns: further numeric columns to parse, besides id, type, element, positions and the
            image flags that unwrap them; None: all of them.
        instructions: instruction set to use: auto, avx512, sse or plain.
        units: LAMMPS' unit style of the dump (metal, real, si, cgs, electron, micro, nano); None:
            as it states, else metal.
        whole: whether the text is complete, so that a last frame needs no line feed.

    Attributes:
        position: after the last yielded frame.

    Raises:
        InputError: no such file, not a dump, no positions in it, units without a size (lj) or
            different from the given ones (while iterating).
    """

    def __init__(
        self,
        path: Path,
        symbols: Sequence[str] | None = None,
        steps: Collection[int] | None = None,
        *,
        start: DumpPosition | None = None,
        columns: Collection[str] | None = None,
        instructions: str = "auto",
        units: str | None = None,
        whole: bool = False,
    ) -> None:
        self.path = Path(path)
        self.truncated = False
        self.broken = 0
        self._symbols = None if symbols is None else tuple(symbols)
        self._selected = None if steps is None else frozenset(int(step) for step in steps)
        self._columns = None if columns is None else frozenset(columns)
        self._instructions = instructions
        self._given_units, self._whole = units, whole
        self._said_all_carbon = self._warned_of_units = False
        for symbol in self._symbols or ():
            if symbol not in atomic_numbers:
                raise InputError(f"symbol {symbol!r} of dump {self.path} is not an element")
        if units is not None:
            lammps_units(units, f"dump {self.path}")
        self._files = dump_files(self.path)
        if start is not None and start.file not in {file.name for file in self._files}:
            raise InputError(f"dump {self.path} has no file {start.file} to continue in")
        self._start = start or DumpPosition(self._files[0].name, 0)
        self.position = self._start

    def __iter__(self) -> Iterator[DumpFrame]:
        return self._frames(_LOG.warning)

    def without_warnings(self) -> Iterator[DumpFrame]:
        """Yield the same frames without warnings, for a dump that is read a second time."""
        return self._frames(_LOG.debug)

    def _frames(self, report: Report) -> Iterator[DumpFrame]:
        for frame in self._read(self._selected, report):
            if isinstance(frame, DumpFrame):
                yield frame

    def from_position(self, place: DumpPosition) -> DumpReader:
        """Return a reader of the same dump that starts at another position."""
        reader = copy.copy(self)
        reader._start = reader.position = place
        return reader

    def steps_grow(self) -> bool:
        """Whether steps of complete frames increase; only steps are parsed."""
        last = None
        for step in self._read(frozenset(), _LOG.debug):
            assert isinstance(step, int)
            if last is not None and step <= last:
                return False
            last = step
        return True

    def steps(self) -> IntArray:
        """Return the step of every complete frame; only steps are parsed."""
        return np.array(list(self._read(frozenset(), _LOG.warning)), dtype=np.int64)

    def _read(self, selected: frozenset[int] | None, report: Report) -> Iterator[DumpFrame | int]:
        """Yield every complete frame, or the step of one that is not wanted (None: all are)."""
        from ipip.native import core

        parser = core.DumpParser(
            self._columns, atomic_numbers, self._symbols, self._instructions, selected, self._whole
        )
        known = agreed_units(f"dump {self.path}", self._stated_units(), self._given_units)
        units = lammps_units(known or "metal", f"dump {self.path}")
        self.truncated, self.broken = False, 0
        names = [file.name for file in self._files]
        for file in self._files[names.index(self._start.file) :]:
            offset = self._start.offset if file.name == self._start.file else 0
            self.position = DumpPosition(file.name, offset)
            with _opened(parser, file, offset) as frames:
                yield from self._read_file(file, frames, units, known is not None, report)

    def _stated_units(self) -> str | None:
        """Return the units stated in the first frame of the first file."""
        return units_in_head(head_of(self.path.parent / self._start.file))

    def _read_file(
        self,
        file: Path,
        frames: DumpFrames,
        units: LammpsUnits,
        is_known: bool,
        report: Report,
    ) -> Iterator[DumpFrame | int]:
        from ipip.native import core

        name = file.name
        is_foreign = units.distance != 1.0 or units.force != 1.0
        while True:
            try:
                item = frames.next()
            except core.CoreError as error:
                text = str(error)
                joint = ", " if text.startswith("step ") else ": "
                raise InputError(f"{file}{joint}{text}") from None
            if item is None:
                return
            kind, step, begin, end, *content = item
            if kind == _FRAME:
                self.position = DumpPosition(name, end)
                stated, time, is_all_carbon = content.pop(), content.pop(), content.pop()
                if stated is not None:
                    agreed_units(f"step {step} of dump {self.path}", stated, units.name)
                if is_all_carbon:
                    self._warn_of_carbon(report)
                if not is_known:
                    self._warn_of_units(report)
                frame = DumpFrame(step, *content, DumpPosition(name, begin))  # type: ignore[call-arg]
                if time is not None:
                    frame.time = time * units.time
                if is_foreign:
                    _convert(frame, units)
                yield frame
            elif kind == _LEFT_OUT:
                self.position = DumpPosition(name, end)
                yield step
            elif kind == _BROKEN:
                self.broken += 1
                report("%s: a frame in the middle is truncated and skipped", file)
                self.position = DumpPosition(name, end)
            elif kind == _CUT_OFF:
                self.truncated = True
                report("%s: the last frame is truncated and skipped", file)
            else:
                assert kind == _UNSURE
                self.truncated = True
                report(
                    "%s: the last frame, step %d, has no line feed at its end, so its last number "
                    "may be truncated: it is skipped; if the file is complete, give --whole",
                    file,
                    step,
                )

    def _warn_of_units(self, report: Report) -> None:
        if not self._warned_of_units:
            self._warned_of_units = True
            report("%s", assumed_units([self.path]))

    def _warn_of_carbon(self, report: Report) -> None:
        if not self._said_all_carbon and self._symbols is None:
            self._said_all_carbon = True
            report(
                "%s: every type is written as element C, LAMMPS' default: give the symbols of the "
                "types, or use `dump_modify element` in the deck",
                self.path,
            )


def assumed_units(dumps: Sequence[Path]) -> str:
    """Return the message on dumps with unknown units."""
    which = f"{dumps[0]} does" if len(dumps) == 1 else f"{dumps[0]} and {len(dumps) - 1} more do"
    return (
        f"{which} not say the units: read as LAMMPS' metal units (Å, ps, eV); if they are others, "
        "say so (--units real)"
    )


def _convert(frame: DumpFrame, units: LammpsUnits) -> None:
    """Convert lengths and forces of a frame to Å and eV/Å; `stored` keeps the values as read."""
    frame.cell *= units.distance
    frame.origin *= units.distance
    frame.positions = frame.positions * units.distance
    if frame.forces is not None:
        frame.forces = frame.forces * units.force


@contextlib.contextmanager
def _opened(parser: DumpParser, file: Path, offset: int) -> Iterator[DumpFrames]:
    """Open the frames of a file; with a second core a second thread reads beside the caller's."""
    ahead = usable_cores() > 1
    with contextlib.ExitStack() as stack:
        if is_compressed(file):
            source = open_compressed(file, offset, ahead)
            stack.callback(source.close)
            atexit.register(source.close)  # a reader may stay open until the program ends
            stack.callback(atexit.unregister, source.close)
            frames = parser.open(source, offset)
        else:
            descriptor = open_plain(file, offset)
            stack.callback(os.close, descriptor)
            frames = parser.open(descriptor, offset, ahead)
            atexit.register(frames.close)
            stack.callback(atexit.unregister, frames.close)
        stack.callback(frames.close)
        yield frames


def read_dump(
    path: Path,
    symbols: Sequence[str] | None = None,
    steps: Collection[int] | None = None,
    *,
    start: DumpPosition | None = None,
    columns: Collection[str] | None = None,
    instructions: str = "auto",
    units: str | None = None,
    whole: bool = False,
) -> DumpReader:
    """Return a reader over the frames of a text dump: `DumpReader`, which has the arguments."""
    return DumpReader(
        path,
        symbols,
        steps,
        start=start,
        columns=columns,
        instructions=instructions,
        units=units,
        whole=whole,
    )
