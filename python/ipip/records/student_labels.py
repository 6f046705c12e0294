"""A student's labels of frames of one pretraining set: plain numbers, stored exactly."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ipip.data import Frame
from ipip.storage.atomic import replaced_file
from ipip.storage.sealed import DamagedError

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class StudentLabels:
    """Labels of m frames.

    Attributes:
        atoms: [m] of each frame.
        energy: [m] eV.
        forces: [sum of atoms, 3] eV/Å, one frame after the other.
        stress: [m, 3, 3] eV/Å^3 with ASE's sign; NaN if a frame has none.
    """

    atoms: npt.NDArray[np.int64]
    energy: FloatArray
    forces: FloatArray
    stress: FloatArray

    def __post_init__(self) -> None:
        count, total = len(self.atoms), int(self.atoms.sum())
        shapes = (self.energy.shape, self.forces.shape, self.stress.shape)
        if shapes != ((count,), (total, 3), (count, 3, 3)):
            raise ValueError(f"labels of {count} frames with {total} atoms have shapes {shapes}")

    def __len__(self) -> int:
        return len(self.atoms)

    @cached_property
    def _ends(self) -> npt.NDArray[np.int64]:
        return np.cumsum(self.atoms)

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> StudentLabels:
        """Return the labels of frames, each with energy and forces."""
        unknown = np.full((3, 3), np.nan)
        count = len(frames)
        return cls(
            atoms=np.array([len(frame) for frame in frames], dtype=np.int64),
            energy=np.array([frame.energy for frame in frames], dtype=np.float64),
            forces=np.concatenate(
                [np.empty((0, 3)), *(frame.forces for frame in frames if frame.forces is not None)]
            ),
            stress=np.array(
                [unknown if frame.stress is None else frame.stress for frame in frames]
            ).reshape(count, 3, 3),
        )

    def label(self, row: int, frame: Frame) -> Frame:
        """Return a frame with the labels of one row.

        Raises:
            ValueError: the row is of a frame with another number of atoms.
        """
        count, end = int(self.atoms[row]), int(self._ends[row])
        if count != len(frame):
            raise ValueError(f"label {row} is of {count} atoms, the frame has {len(frame)}")
        stress = self.stress[row]
        return frame.replace(
            energy=float(self.energy[row]),
            forces=self.forces[end - count : end].copy(),
            stress=stress.copy() if np.isfinite(stress).all() else None,
        )


def write_student_labels(path: Path, labels: StudentLabels) -> None:
    """Write labels as a NumPy archive; equal labels give equal bytes."""
    with replaced_file(path) as temporary:
        np.savez(
            temporary,
            atoms=labels.atoms.astype("<i8"),
            energy=labels.energy.astype("<f8"),
            forces=labels.forces.astype("<f8"),
            stress=labels.stress.astype("<f8"),
        )


def read_student_labels(path: Path) -> StudentLabels:
    """Read labels.

    Raises:
        FileNotFoundError: the file does not exist.
        DamagedError: the file is not of this kind.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return StudentLabels(
                atoms=stored["atoms"].astype(np.int64),
                energy=stored["energy"].astype(np.float64),
                forces=stored["forces"].astype(np.float64),
                stress=stored["stress"].astype(np.float64),
            )
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
