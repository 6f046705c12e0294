"""One frame of a LAMMPS dump."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from ipip.data.frame import FloatArray, IntArray


@dataclasses.dataclass(frozen=True, slots=True)
class DumpPosition:
    """A position in a dump.

    Attributes:
        file: name of the file (without its folder).
        offset: bytes of text before it; of a compressed file: after decompression.
    """

    file: str
    offset: int


StoredColumns = tuple[
    tuple[tuple[str, int, int], ...],  # name of a column, which of these it is in, and where there
    IntArray | None,  # ids [n]
    IntArray | None,  # types [n]
    FloatArray,  # positions [n, 3] as written
    FloatArray | None,  # image flags [n, 3]
    FloatArray | None,  # forces [n, 3]
    FloatArray,  # further columns [n, columns]
]


@dataclasses.dataclass(slots=True, eq=False)
class DumpFrame:
    """One frame of a dump, atoms sorted by id if it has ids.

    Values are converted to Å, fs and eV from the units of the LAMMPS run.

    Attributes:
        step: MD step.
        cell: [3, 3] rows are lattice vectors in Å; lower triangular unless general triclinic.
        origin: [3] lower corner of the box in Å.
        pbc: [3] periodic directions.
        numbers: [n] atomic numbers, or None if neither elements nor symbols are known.
        types: [n] LAMMPS types, or None.
        ids: [n] LAMMPS ids, ascending, or None.
        positions: [n, 3] in Å: unwrapped if the dump has such or image flags, else as stored.
        unwrapped: whether positions are unwrapped.
        forces: [n, 3] in eV/Å, or None.
        stored: the columns as read; see `columns`.
        position: start of the frame in the dump.
        time: fs, if the dump has it (`dump_modify time yes`), or None.
    """

    step: int
    cell: FloatArray
    origin: FloatArray
    pbc: npt.NDArray[np.bool_]
    numbers: IntArray | None
    types: IntArray | None
    ids: IntArray | None
    positions: FloatArray
    unwrapped: bool
    forces: FloatArray | None
    stored: StoredColumns
    position: DumpPosition
    time: float | None = None

    @property
    def columns(self) -> dict[str, FloatArray]:
        """Every numeric column that was read, by its name in the dump: [n], not copied.

        Values as written, in LAMMPS' units.
        """
        places, ids, types, *arrays, others = self.stored
        columns: dict[str, FloatArray] = {}
        for name, source, index in places:
            if source < 2:
                whole = (ids, types)[source]
                assert whole is not None
                columns[name] = whole.astype(np.float64)
            elif source < 5:
                three = arrays[source - 2]
                assert three is not None
                columns[name] = three[:, index]
            else:
                columns[name] = others[:, index]
        return columns
