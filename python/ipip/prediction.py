"""Predictions of students for many structures: energies, forces, stresses, descriptors.

For one structure after another, as in MD or a relaxation, :class:`ipip.IpipCalculator` keeps its
neighbour list; these functions are for sets of structures.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress

from ipip.data.elements import check_elements
from ipip.data.evaluated import Evaluated
from ipip.data.frame import Frame
from ipip.errors import InputError, IpipError
from ipip.evaluation.students import OpenStudent, open_student

if TYPE_CHECKING:
    from ipip.models import Student

FloatArray = npt.NDArray[np.float64]
Model: TypeAlias = "Student | str | os.PathLike[str]"


@dataclasses.dataclass(frozen=True)
class Spread:
    """The disagreement of a committee: root mean squares over its students.

    Attributes:
        energy: eV, of the energy from the committee's mean.
        energies: [n] eV, of each atom's energy.
        forces: [n] eV/Å, root of the mean over students of |F - mean F|^2, for each atom.
        stress: [6] eV/Å^3, of each component, or None.
    """

    energy: float
    energies: FloatArray
    forces: FloatArray
    stress: FloatArray | None


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The prediction of a student, or the mean of a committee, for one structure of n atoms.

    Attributes:
        energy: eV.
        energies: [n] eV, of each atom; their sum is the energy.
        forces: [n, 3] eV/Å. Constraints of the structure are not applied.
        stress: [6] eV/Å^3 in ASE's order and sign, or None if the structure is not periodic in
            three directions.
        spread: of a committee, or None.
    """

    energy: float
    energies: FloatArray
    forces: FloatArray
    stress: FloatArray | None
    spread: Spread | None = None


def predict(
    student: Model | Sequence[Model],
    structures: Iterable[Atoms],
    *,
    device: str = "cpu",
    threads: int = 1,
    batch_size: int = 64,
) -> list[Prediction]:
    """Compute energies, forces and stresses of structures.

    PaiNN on the CPU runs with the kernels that LAMMPS uses; other students and devices run the
    network in Python, in batches, which needs PyTorch.

    Args:
        student: model file, a student in memory, or a list of either: a committee.
        structures: to evaluate; results that they hold are ignored.
        device: torch device for students from files; a student in memory stays on its device.
        threads: of one evaluation by the kernels.
        batch_size: structures at a time, for the network in Python.

    Returns:
        One prediction for each structure, in order; of a committee the means, with their spread.

    Raises:
        InputError: a model is not a student, it lacks an element, an option is wrong, or a
            structure cannot be evaluated (two atoms at the same place, a periodic direction
            without extent).
        MissingExtraError: what evaluates a student needs PyTorch, which is not installed.
        IpipError: an energy or force is not finite.
    """
    frames = _frames(structures)
    if isinstance(student, str | os.PathLike) or not isinstance(student, Iterable):
        return _evaluated(student, frames, device, threads, batch_size)
    committee = list(student)
    if not committee:
        raise InputError("the committee has no students; give at least one model file")
    members = [_evaluated(item, frames, device, threads, batch_size) for item in committee]
    return [_mean(own) for own in zip(*members, strict=True)]


def descriptors(
    student: Model,
    structures: Iterable[Atoms],
    *,
    device: str = "cpu",
    batch_size: int = 64,
) -> list[FloatArray]:
    """Describe each atom by a student's final invariant features.

    Args:
        student: model file, or a student in memory.
        structures: what to describe.
        device: torch device for a student that is read from a file.
        batch_size: structures at a time.

    Returns:
        [n, F] for each structure of n atoms. They do not change when a structure is moved, rotated
        or reflected.

    Raises:
        InputError: as `predict`.
        MissingExtraError: as `predict`.
    """
    frames = _frames(structures)
    opened = _opened(student, device, 1, batch_size)
    check_elements(frames, opened.symbols, "structures")
    return opened.describe_frames(frames)


def _frames(structures: Iterable[Atoms]) -> list[Frame]:
    if isinstance(structures, Atoms):
        raise InputError("structures is one Atoms object; expected a list of them: [atoms]")
    frames = []
    for index, atoms in enumerate(structures):
        if not isinstance(atoms, Atoms):
            raise InputError(
                f"structure {index} is a {type(atoms).__name__}; expected an ase.Atoms object "
                "(`ase.io.read` makes them from files)"
            )
        frames.append(Frame.from_atoms(atoms).replace(energy=None, forces=None, stress=None))
    return frames


def _evaluated(
    student: Model, frames: Sequence[Frame], device: str, threads: int, batch_size: int
) -> list[Prediction]:
    opened = _opened(student, device, threads, batch_size)
    check_elements(frames, opened.symbols, "structures")
    done = opened.evaluate_frames(frames)
    for index, item in enumerate(done):
        if not item.is_finite():
            raise IpipError(
                f"frame {index}: the student's energy or forces are not finite; look for atoms "
                "that are too close"
            )
    return [_prediction(frame, item) for frame, item in zip(frames, done, strict=True)]


def _opened(student: Model, device: str, threads: int, batch_size: int) -> OpenStudent:
    if isinstance(student, str | os.PathLike):
        opened, _ = open_student(student, device=device, threads=threads, batch_size=batch_size)
        return opened
    if not hasattr(student, "parameters"):
        raise InputError(
            f"student is {student!r}; expected the path of a model file, an ipip.models.Student, "
            "or several of these"
        )
    from ipip.export import has_kernels, save_student
    from ipip.network.eager import NetworkStudent

    if next(student.parameters()).device.type == "cpu":
        with tempfile.TemporaryDirectory(prefix="ipip-student-") as folder:
            path = Path(folder) / "student.pt"
            save_student(student, path)
            if has_kernels(path):
                return open_student(path, threads=threads)[0]
    return NetworkStudent(student, batch_size)


def _prediction(frame: Frame, done: Evaluated) -> Prediction:
    stress = done.stress(frame)
    voigt = None if stress is None else np.asarray(full_3x3_to_voigt_6_stress(stress))
    return Prediction(float(done.energies.sum()), done.energies, done.forces, voigt)


def _mean(members: Sequence[Prediction]) -> Prediction:
    energies = np.stack([item.energies for item in members])
    forces = np.stack([item.forces for item in members])
    energy = np.array([item.energy for item in members])
    stresses = [item.stress for item in members if item.stress is not None]
    away = forces - forces.mean(axis=0)
    return Prediction(
        energy=float(energy.mean()),
        energies=energies.mean(axis=0),
        forces=forces.mean(axis=0),
        stress=np.mean(stresses, axis=0) if stresses else None,
        spread=Spread(
            energy=float(energy.std()),
            energies=energies.std(axis=0),
            forces=np.sqrt((away**2).sum(axis=2).mean(axis=0)),
            stress=np.std(stresses, axis=0) if stresses else None,
        ),
    )
