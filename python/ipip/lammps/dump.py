"""Streaming reader of LAMMPS text dumps (``dump custom`` and ``dump atom``)."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from ipip.data.frame import IntArray
from ipip.errors import InputError
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.dump_stream import is_compressed, open_compressed, open_plain

if TYPE_CHECKING:
    from ipip._core import DumpFrames, DumpParser

_LOG = logging.getLogger(__name__)

_FRAME, _LEFT_OUT, _BROKEN = range(3)  # what stands in a dump; else one that is cut off at its end


class DumpReader:
    """Iterate over the frames of a text dump, one frame in memory at a time.

    A last frame that is cut off (a killed run, or one that still writes) is dropped: ``truncated``
    is then True and a warning is logged. So is one in the middle, behind which another run went
    on; ``broken`` counts these.

    Where the process may use a second core, a second thread reads a bounded part of the dump ahead,
    or decompresses it. It ends with the iteration, also with one that is left early.

    Args:
        path: dump file, one compressed by gzip (.gz) or zstandard (.zst), or a pattern with ``*``
            for one file a frame, which are then read in the order of the numbers in their names.
        symbols: element of each LAMMPS type; needed where the dump has no element column.
        steps: parse frames of these steps only; None: all.
        start: where to begin: a ``position`` of an earlier reader, to continue in a growing dump.
        columns: further numeric columns to parse beside id, type, element, positions and the image
            flags that unwrap them; None: all of them.
        instructions: of the processor, that may be used: auto, avx512, sse or plain.

    Attributes:
        position: behind the last frame that was yielded.

    Raises:
        InputError: no such file, not a dump, no positions in it (while iterating).
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
    ) -> None:
        self.path = Path(path)
        self.truncated = False
        self.broken = 0
        self._symbols = None if symbols is None else tuple(symbols)
        self._wanted = None if steps is None else frozenset(int(step) for step in steps)
        self._columns = None if columns is None else frozenset(columns)
        self._instructions = instructions
        self._said_all_carbon = False
        for symbol in self._symbols or ():
            if symbol not in atomic_numbers:
                raise InputError(f"symbol {symbol!r} of dump {self.path} is not an element")
        self._files = dump_files(self.path)
        if start is not None and start.file not in {file.name for file in self._files}:
            raise InputError(f"dump {self.path} has no file {start.file} to go on in")
        self._start = start or DumpPosition(self._files[0].name, 0)
        self.position = self._start

    def __iter__(self) -> Iterator[DumpFrame]:
        for frame in self._read(self._wanted):
            if isinstance(frame, DumpFrame):
                yield frame

    def steps(self) -> IntArray:
        """Return the step of every complete frame; nothing else is parsed."""
        return np.array(list(self._read(frozenset())), dtype=np.int64)

    def _read(self, wanted: frozenset[int] | None) -> Iterator[DumpFrame | int]:
        """Yield every complete frame, or the step of one that is not wanted (None: all are)."""
        from ipip.native import core

        parser = core.DumpParser(
            self._columns, atomic_numbers, self._symbols, self._instructions, wanted
        )
        self.truncated, self.broken = False, 0
        names = [file.name for file in self._files]
        for file in self._files[names.index(self._start.file) :]:
            offset = self._start.offset if file.name == self._start.file else 0
            self.position = DumpPosition(file.name, offset)
            with _opened(parser, file, offset) as frames:
                yield from self._read_file(file, frames)

    def _read_file(self, file: Path, frames: DumpFrames) -> Iterator[DumpFrame | int]:
        from ipip.native import core

        name = file.name
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
                if content.pop():
                    self._warn_of_carbon()
                yield DumpFrame(step, *content, DumpPosition(name, begin))  # type: ignore[call-arg]
            elif kind == _LEFT_OUT:
                self.position = DumpPosition(name, end)
                yield step
            elif kind == _BROKEN:
                self.broken += 1
                _LOG.warning("%s: a frame is cut off in the middle and left out", file)
                self.position = DumpPosition(name, end)
            else:
                self.truncated = True
                _LOG.warning("%s: the last frame is cut off and left out", file)

    def _warn_of_carbon(self) -> None:
        if not self._said_all_carbon and self._symbols is None:
            self._said_all_carbon = True
            _LOG.warning(
                "%s: every type is written as element C, LAMMPS' default: give the symbols of the "
                "types, or use `dump_modify element` in the deck",
                self.path,
            )


@contextlib.contextmanager
def _opened(parser: DumpParser, file: Path, offset: int) -> Iterator[DumpFrames]:
    """Open the frames of a file; with a second core a second thread reads beside the caller's."""
    ahead = len(os.sched_getaffinity(0)) > 1
    with contextlib.ExitStack() as stack:
        if is_compressed(file):
            source = open_compressed(file, offset, ahead)
            stack.callback(source.close)
            atexit.register(source.close)  # a reader may be left open to the end of the program
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
) -> DumpReader:
    """Return a reader over the frames of a text dump; see :class:`DumpReader`."""
    return DumpReader(path, symbols, steps, start=start, columns=columns, instructions=instructions)


def dump_files(path: Path) -> list[Path]:
    """Return the files of a dump, in the order of the numbers in their names.

    Raises:
        InputError: there are none.
    """
    if path.is_file():
        return [path]
    if "*" not in path.name:
        raise InputError(f"dump {path} does not exist")
    # As in LAMMPS, `*` alone has a meaning: brackets and question marks of a name are themselves.
    pattern = re.compile(".*".join(map(re.escape, path.name.split("*"))), re.DOTALL)
    names = sorted(os.listdir(path.parent)) if path.parent.is_dir() else []
    found = [path.parent / name for name in names if pattern.fullmatch(name)]
    found = [file for file in found if file.is_file()]
    if not found:
        raise InputError(f"dump {path}: no file has such a name")
    return sorted(found, key=lambda file: ([int(n) for n in re.findall(r"\d+", file.name)], file))
