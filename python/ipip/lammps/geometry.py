"""The box of a LAMMPS run: rotation into LAMMPS' orientation and the data file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from ase.geometry import complete_cell

from ipip.data.frame import FloatArray, Frame
from ipip.errors import InputError

PADDING = 1.0  # Å around the atoms in open directions


@dataclasses.dataclass(frozen=True)
class LammpsBox:
    """A box in LAMMPS' convention: first vector along x, second in the xy plane.

    Attributes:
        cell: [3, 3] lower triangular, rows are vectors in Å, diagonal above 0.
        origin: [3] lower corner in Å, in LAMMPS' orientation.
        rotation: [3, 3] orthogonal Q: a vector (row) v of the frame is v @ Q in LAMMPS and
            back v_lammps @ Q.T. A left-handed cell makes Q a reflection.
        boundary: LAMMPS' boundary flags, p for periodic and m (follows the atoms) for open.
    """

    cell: FloatArray
    origin: FloatArray
    rotation: FloatArray
    boundary: str

    @property
    def is_triclinic(self) -> bool:
        """Whether any tilt exceeds rounding."""
        return bool(np.abs(self.cell[np.tril_indices(3, -1)]).max() > 1e-10)


def lammps_box(frame: Frame) -> LammpsBox:
    """Return the LAMMPS box of a frame.

    Args:
        frame: any cell and periodicity; open directions get a box around the atoms.

    Raises:
        InputError: a periodic direction has no extent, or an open direction is tilted.
    """
    lengths = np.linalg.norm(frame.cell, axis=1)
    for axis in np.flatnonzero(frame.pbc & (lengths < 1e-8)):
        raise InputError(f"direction {'abc'[axis]} is periodic but its cell vector is zero")
    full = np.asarray(complete_cell(frame.cell if frame.pbc.any() else np.zeros((3, 3))))
    # cell^T = Q R with R upper triangular, so cell = R^T Q^T; signs make the diagonal positive.
    q, r = np.linalg.qr(full.T)
    signs = np.where(np.diag(r) < 0, -1.0, 1.0)
    rotation, cell = q * signs, (r.T * signs)
    if np.allclose(full, np.diag(np.diag(full)), atol=1e-12) and (np.diag(full) > 0).all():
        rotation, cell = np.eye(3), full.copy()
    origin = np.zeros(3)
    turned = frame.positions @ rotation
    for axis in np.flatnonzero(~frame.pbc):
        tilts = np.abs(np.concatenate([cell[axis, :axis], cell[axis + 1 :, axis]]))
        if tilts.size and tilts.max() > 1e-8:
            raise InputError(
                f"direction {'abc'[axis]} is open but not at right angles to the periodic ones; "
                "LAMMPS requires right angles: make its cell vector normal to the others"
            )
        origin[axis] = turned[:, axis].min() - PADDING
        cell[axis, axis] = np.ptp(turned[:, axis]) + 2.0 * PADDING
    cell[np.triu_indices(3, 1)] = 0.0
    boundary = " ".join("p" if periodic else "m" for periodic in frame.pbc)
    return LammpsBox(cell=cell, origin=origin, rotation=rotation, boundary=boundary)


def write_data(path: Path, frame: Frame, symbols: Sequence[str], box: LammpsBox) -> None:
    """Write a LAMMPS data file (atom style atomic, metal units: Å, g/mol).

    Args:
        path: file to write.
        frame: positions in Å; atom ids are row numbers + 1. Atoms outside of the box are wrapped
            by LAMMPS, whose image flags then keep the unwrapped positions.
        symbols: element of each LAMMPS type.
        box: of this frame.
    """
    types = {atomic_numbers[symbol]: index + 1 for index, symbol in enumerate(symbols)}
    lines = ["start of a student run by ipip", "", f"{len(frame)} atoms"]
    lines += [f"{len(symbols)} atom types", ""]
    for axis, name in enumerate("xyz"):
        low = box.origin[axis]
        lines.append(f"{low:.16g} {low + box.cell[axis, axis]:.16g} {name}lo {name}hi")
    if box.is_triclinic:
        lines.append(f"{box.cell[1, 0]:.16g} {box.cell[2, 0]:.16g} {box.cell[2, 1]:.16g} xy xz yz")
    lines += ["", "Masses", ""]
    for index, symbol in enumerate(symbols):
        lines.append(f"{index + 1} {atomic_masses[atomic_numbers[symbol]]:.10g} # {symbol}")
    lines += ["", "Atoms # atomic", ""]
    turned = frame.positions @ box.rotation
    for row, (number, (x, y, z)) in enumerate(zip(frame.numbers, turned, strict=True)):
        lines.append(f"{row + 1} {types[int(number)]} {x:.16g} {y:.16g} {z:.16g}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
