"""Streaming reader of LAMMPS text dumps (``dump custom`` and ``dump atom``)."""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers

from ipip.data.frame import FloatArray, IntArray
from ipip.errors import InputError

_LOG = logging.getLogger(__name__)
_TEXT_COLUMNS = frozenset({"element", "typelabel"})
_POSITION_COLUMNS = (("xu", "yu", "zu"), ("x", "y", "z"), ("xsu", "ysu", "zsu"), ("xs", "ys", "zs"))


@dataclasses.dataclass(frozen=True)
class DumpFrame:
    """One frame of a dump, in LAMMPS' orientation, atoms sorted by id where ids are there.

    Attributes:
        step: MD step.
        cell: [3, 3] rows are lattice vectors in Å, lower triangular.
        origin: [3] lower corner of the box in Å.
        pbc: [3] periodic directions.
        numbers: [n] atomic numbers, or None where neither elements nor symbols are known.
        types: [n] LAMMPS types, or None.
        positions: [n, 3] in Å: unwrapped where the dump has them, else as stored.
        unwrapped: whether positions are unwrapped.
        forces: [n, 3] in eV/Å (metal), or None.
        columns: every numeric column by name, [n] each.
    """

    step: int
    cell: FloatArray
    origin: FloatArray
    pbc: npt.NDArray[np.bool_]
    numbers: IntArray | None
    types: IntArray | None
    positions: FloatArray
    unwrapped: bool
    forces: FloatArray | None
    columns: dict[str, FloatArray]


class DumpReader:
    """Iterate over the frames of a text dump, one frame in memory at a time.

    A last frame that is cut off (a killed run) is dropped: ``truncated`` is then True and a warning
    is logged.

    Args:
        path: dump file, or one compressed by gzip (.gz).
        symbols: element of each LAMMPS type; needed where the dump has no element column.
        steps: parse frames of these steps only; None: all.

    Raises:
        InputError: no such file, not a dump, no positions in it (while iterating).
    """

    def __init__(
        self,
        path: Path,
        symbols: Sequence[str] | None = None,
        steps: Collection[int] | None = None,
    ) -> None:
        self.path = Path(path)
        self.truncated = False
        self._symbols = None if symbols is None else tuple(symbols)
        self._wanted = None if steps is None else frozenset(int(step) for step in steps)
        if not self.path.is_file():
            raise InputError(f"dump {self.path} does not exist")

    def __iter__(self) -> Iterator[DumpFrame]:
        for step, block in self._blocks():
            if block is not None:
                yield self._parse(step, *block)

    def steps(self) -> IntArray:
        """Return the step of every complete frame; nothing else is parsed."""
        kept, self._wanted = self._wanted, frozenset()
        try:
            return np.array([step for step, _ in self._blocks()], dtype=np.int64)
        finally:
            self._wanted = kept

    def _open(self) -> BinaryIO:
        if self.path.suffix == ".gz":
            return gzip.open(self.path, "rb")  # type: ignore[return-value]
        return self.path.open("rb")

    def _blocks(self) -> Iterator[tuple[int, tuple[list[bytes], list[bytes], bytes] | None]]:
        """Yield (step, (box lines, column names, text of the atoms) or None if not wanted)."""
        self.truncated = False
        with self._open() as stream:
            while True:
                try:
                    found = self._next_block(stream)
                except EOFError:
                    self.truncated = True
                    _LOG.warning("%s: the last frame is cut off and left out", self.path)
                    return
                if found is None:
                    return
                yield found

    def _next_block(
        self, stream: BinaryIO
    ) -> tuple[int, tuple[list[bytes], list[bytes], bytes] | None] | None:
        step: int | None = None
        count: int | None = None
        box: list[bytes] = []
        while True:
            line = stream.readline()
            if not line and step is None:
                return None
            line = _whole(line)
            if line.startswith(b"ITEM: TIMESTEP"):
                step = self._integer(stream)
            elif line.startswith(b"ITEM: NUMBER OF ATOMS"):
                count = self._integer(stream)
            elif line.startswith(b"ITEM: BOX BOUNDS"):
                box = [line, *(_whole(stream.readline()) for _ in range(3))]
            elif line.startswith((b"ITEM: UNITS", b"ITEM: TIME")):
                _whole(stream.readline())
            elif line.startswith(b"ITEM: ATOMS") and step is not None and count is not None and box:
                lines = list(itertools.islice(stream, count))
                if len(lines) < count or (lines and not lines[-1].endswith(b"\n")):
                    raise EOFError
                if self._wanted is not None and step not in self._wanted:
                    return step, None
                return step, (box, line.split()[2:], b"".join(lines))
            else:
                raise InputError(
                    f"{self.path} is not a LAMMPS text dump: unexpected line "
                    f"{line[:60].decode(errors='replace').strip()!r}"
                )

    def _integer(self, stream: BinaryIO) -> int:
        line = _whole(stream.readline())
        try:
            return int(line)
        except ValueError:
            raise InputError(f"{self.path}: expected an integer, got {line[:40]!r}") from None

    def _parse(self, step: int, box: list[bytes], names: list[bytes], text: bytes) -> DumpFrame:
        cell, origin, pbc = _box(box)
        columns, elements = self._columns(step, [name.decode() for name in names], text)
        if "id" in columns:
            order = np.argsort(columns["id"], kind="stable")
            if not np.array_equal(order, np.arange(len(order))):
                columns = {name: values[order] for name, values in columns.items()}
                elements = None if elements is None else [elements[k] for k in order]
        positions, unwrapped = self._positions(columns, cell, origin)
        types = columns["type"].astype(np.int64) if "type" in columns else None
        forces = None
        if {"fx", "fy", "fz"} <= columns.keys():
            forces = np.stack([columns["fx"], columns["fy"], columns["fz"]], axis=1)
        return DumpFrame(
            step=step,
            cell=cell,
            origin=origin,
            pbc=pbc,
            numbers=self._numbers(types, elements),
            types=types,
            positions=positions,
            unwrapped=unwrapped,
            forces=forces,
            columns=columns,
        )

    def _columns(
        self, step: int, names: list[str], text: bytes
    ) -> tuple[dict[str, FloatArray], list[bytes] | None]:
        tokens, width = text.split(), len(names)
        if len(tokens) % width:
            raise InputError(f"{self.path}: step {step} has lines that lack columns {names}")
        columns: dict[str, FloatArray] = {}
        elements: list[bytes] | None = None
        for index, name in enumerate(names):
            values = tokens[index::width]
            if name in _TEXT_COLUMNS:
                elements = values
                continue
            try:
                columns[name] = np.array(list(map(float, values)))
            except ValueError:
                continue  # some text column of the user's
        return columns, elements

    def _positions(
        self, columns: dict[str, FloatArray], cell: FloatArray, origin: FloatArray
    ) -> tuple[FloatArray, bool]:
        for names in _POSITION_COLUMNS:
            if all(name in columns for name in names):
                values = np.stack([columns[name] for name in names], axis=1)
                if "s" in names[0]:
                    values = values @ cell + origin
                return values, names[0].endswith("u")
        raise InputError(f"{self.path} has no positions; columns: {', '.join(columns)}")

    def _numbers(self, types: IntArray | None, elements: list[bytes] | None) -> IntArray | None:
        if elements is not None:
            known = {name: atomic_numbers.get(name.decode(), 0) for name in set(elements)}
            if all(known.values()):
                return np.array([known[name] for name in elements], dtype=np.int64)
        if self._symbols is None or types is None:
            return None
        if types.size and types.max() > len(self._symbols):
            raise InputError(
                f"{self.path} has type {types.max()}, but symbols has {len(self._symbols)}: "
                f"{' '.join(self._symbols)}"
            )
        return np.array([atomic_numbers[symbol] for symbol in self._symbols])[types - 1]


def read_dump(
    path: Path, symbols: Sequence[str] | None = None, steps: Collection[int] | None = None
) -> DumpReader:
    """Return a reader over the frames of a text dump; see :class:`DumpReader`."""
    return DumpReader(path, symbols, steps)


def _whole(line: bytes) -> bytes:
    """A line that was written to its end."""
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def _box(lines: list[bytes]) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
    """Cell, origin and periodicity; a tilted box is stored by its bounding box and tilts.

    Source: LAMMPS manual, "Triclinic (non-orthogonal) simulation boxes".
    """
    words = lines[0].split()[3:]
    flags = [word for word in words if len(word) == 2 and set(word) <= set(b"pfsm")]
    pbc = np.array([flag == b"pp" for flag in flags] or [True] * 3)
    bounds = np.array([[float(word) for word in line.split()] for line in lines[1:]])
    if b"abc" in words:  # general triclinic: vectors and origin as they are
        return bounds[:, :3].copy(), bounds[:, 3].copy(), pbc
    low, high = bounds[:, 0].copy(), bounds[:, 1].copy()
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
    low[0] -= min(0.0, xy, xz, xy + xz)
    high[0] -= max(0.0, xy, xz, xy + xz)
    low[1] -= min(0.0, yz)
    high[1] -= max(0.0, yz)
    edges = high - low
    cell = np.array([[edges[0], 0.0, 0.0], [xy, edges[1], 0.0], [xz, yz, edges[2]]])
    return cell, low, pbc
