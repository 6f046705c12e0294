"""Streaming reader of LAMMPS text dumps (``dump custom`` and ``dump atom``)."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from ipip.data.frame import FloatArray, IntArray
from ipip.errors import InputError
from ipip.lammps.dump_frame import (
    IMAGE_COLUMNS,
    TEXT_COLUMNS,
    DumpFrame,
    DumpPosition,
    position_columns,
    read_box,
    read_numbers,
    read_positions,
)
from ipip.lammps.dump_stream import Window

if TYPE_CHECKING:
    from ipip._core import DumpSpan

_LOG = logging.getLogger(__name__)


class DumpReader:
    """Iterate over the frames of a text dump, one frame in memory at a time.

    A last frame that is cut off (a killed run, or one that still writes) is dropped: ``truncated``
    is then True and a warning is logged. So is one in the middle, behind which another run went
    on; ``broken`` counts these.

    Args:
        path: dump file, one compressed by gzip (.gz) or zstandard (.zst), or a pattern with ``*``
            for one file a frame, which are then read in the order of the numbers in their names.
        symbols: element of each LAMMPS type; needed where the dump has no element column.
        steps: parse frames of these steps only; None: all.
        start: where to begin: a ``position`` of an earlier reader, to continue in a growing dump.
        columns: further numeric columns to parse beside id, type, element, positions and image
            flags; None: all of them.

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
    ) -> None:
        self.path = Path(path)
        self.truncated = False
        self.broken = 0
        self._symbols = None if symbols is None else tuple(symbols)
        self._wanted = None if steps is None else frozenset(int(step) for step in steps)
        self._columns = None if columns is None else frozenset(columns)
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
        for window, span in self._spans():
            if self._wanted is None or span.step in self._wanted:
                yield self._parse(window, span)

    def steps(self) -> IntArray:
        """Return the step of every complete frame; nothing else is parsed."""
        return np.array([span.step for _, span in self._spans()], dtype=np.int64)

    def _spans(self) -> Iterator[tuple[Window, DumpSpan]]:
        """Yield every complete frame as it lies in the window; its text is used up afterwards."""
        self.truncated, self.broken = False, 0
        names = [file.name for file in self._files]
        for file in self._files[names.index(self._start.file) :]:
            offset = self._start.offset if file.name == self._start.file else 0
            window = Window(file, offset)
            try:
                yield from self._spans_of(file, window)
            finally:
                window.close()

    def _spans_of(self, file: Path, window: Window) -> Iterator[tuple[Window, DumpSpan]]:
        import torch  # noqa: F401  it loads the libraries that the compiled part needs

        from ipip._core import CoreError, find_dump_frame

        self.position = DumpPosition(file.name, window.offset)
        while True:
            try:
                span = find_dump_frame(window.data, window.begin, window.end)
            except CoreError as error:
                raise InputError(f"{file}: {error}") from None
            if span.whole:
                after = window.offset + span.end - window.begin
                self.position = DumpPosition(file.name, after)
                yield window, span
                window.advance(span.end)
            elif span.broken:
                self.broken += 1
                _LOG.warning("%s: a frame is cut off in the middle and left out", file)
                window.advance(span.end)
                self.position = DumpPosition(file.name, window.offset)
            elif not window.fill():
                if not window.is_blank():
                    self.truncated = True
                    _LOG.warning("%s: the last frame is cut off and left out", file)
                return

    def _parse(self, window: Window, span: DumpSpan) -> DumpFrame:
        from ipip._core import CoreError, read_dump_rows

        file = window.path
        try:
            names, numbers, texts, codes, words, in_order = read_dump_rows(
                window.data, span, self._to_parse(span.columns), TEXT_COLUMNS
            )
            cell, origin, pbc = read_box(span.box, span.bounds)
            columns: dict[str, FloatArray] = dict(zip(names, numbers, strict=True))
            elements = None
            for name in TEXT_COLUMNS[::-1]:
                if name in texts:
                    elements = codes[texts.index(name)], words[texts.index(name)]
            ids = columns["id"].astype(np.int64) if "id" in columns else None
            if ids is not None and not in_order and (np.diff(ids) < 0).any():
                order = np.argsort(ids, kind="stable")
                ids, numbers = ids[order], numbers[:, order]
                columns = dict(zip(names, numbers, strict=True))
                if elements is not None:
                    elements = elements[0][order], elements[1]
            positions, unwrapped = read_positions(columns, cell, origin)
            types = columns["type"].astype(np.int64) if "type" in columns else None
            self._warn_of_carbon(types, elements[1] if elements else ())
            atomic = read_numbers(types, elements, self._symbols)
        except (CoreError, InputError) as error:
            raise InputError(f"{file}, step {span.step}: {error}") from None
        forces = None
        if {"fx", "fy", "fz"} <= columns.keys():
            forces = np.stack([columns["fx"], columns["fy"], columns["fz"]], axis=1)
        return DumpFrame(
            step=span.step,
            cell=cell,
            origin=origin,
            pbc=pbc,
            numbers=atomic,
            types=types,
            ids=ids,
            positions=positions,
            unwrapped=unwrapped,
            forces=forces,
            columns=columns,
            position=DumpPosition(file.name, window.offset),
        )

    def _to_parse(self, names: Sequence[str]) -> list[str]:
        """Columns to parse; empty: all of them."""
        if self._columns is None:
            return []
        return [
            "id",
            "type",
            *TEXT_COLUMNS,
            *IMAGE_COLUMNS,
            *position_columns(names),
            *self._columns,
        ]

    def _warn_of_carbon(self, types: IntArray | None, names: Sequence[str]) -> None:
        if self._said_all_carbon or self._symbols is not None or list(names) != ["C"]:
            return
        if types is not None and types.size and types.min() < types.max():
            self._said_all_carbon = True
            _LOG.warning(
                "%s: every type is written as element C, LAMMPS' default: give the symbols of the "
                "types, or use `dump_modify element` in the deck",
                self.path,
            )


def read_dump(
    path: Path,
    symbols: Sequence[str] | None = None,
    steps: Collection[int] | None = None,
    *,
    start: DumpPosition | None = None,
    columns: Collection[str] | None = None,
) -> DumpReader:
    """Return a reader over the frames of a text dump; see :class:`DumpReader`."""
    return DumpReader(path, symbols, steps, start=start, columns=columns)


def dump_files(path: Path) -> list[Path]:
    """Return the files of a dump, in the order of the numbers in their names.

    Raises:
        InputError: there are none.
    """
    if "*" not in path.name:
        if path.is_file():
            return [path]
        raise InputError(f"dump {path} does not exist")
    found = [file for file in path.parent.glob(path.name) if file.is_file()]
    if not found:
        raise InputError(f"dump {path}: no file has such a name")
    return sorted(found, key=lambda file: ([int(n) for n in re.findall(r"\d+", file.name)], file))
