"""What students compute for many structures: energies, forces, stresses, descriptors.

For one structure after another, as in MD or a relaxation, :class:`ipip.IpipCalculator` keeps its
neighbour list; these functions are for sets of structures.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress
from torch import nn

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.errors import InputError, IpipError
from ipip.export import has_kernels, load_core_student, load_student, save_student
from ipip.graph import NeighborSearch, species_index
from ipip.graph.forces import atomic_energies_and_forces
from ipip.models import Student
from ipip.native import core as _core
from ipip.train.frozen import frozen_weights
from ipip.train.kernels import batch_arguments
from ipip.train.predict import MAX_EDGES, graph_batches

FloatArray = npt.NDArray[np.float64]
Model: TypeAlias = "Student | str | os.PathLike[str]"


@dataclasses.dataclass(frozen=True)
class Spread:
    """How far the students of a committee are from each other: root mean squares over them.

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
    """What a student, or a committee in the mean, computes for one structure of n atoms.

    Attributes:
        energy: eV.
        energies: [n] eV, of each atom; their sum is the energy.
        forces: [n, 3] eV/Å. Constraints of the structure are not applied.
        stress: [6] eV/Å^3 in ASE's order and sign, or None where the structure is not periodic in
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

    PaiNN on the CPU runs by the kernels that LAMMPS uses; other students and devices by the network
    in Python, in batches.

    Args:
        student: model file, a student in memory, or a list of either: a committee.
        structures: what to evaluate; their own results are ignored.
        device: torch device for students that are read from files; one in memory stays where it is.
        threads: of one evaluation by the kernels.
        batch_size: structures at a time, where the network in Python runs.

    Returns:
        One prediction for each structure, in order; of a committee the means, with their spread.

    Raises:
        InputError: a file is not a student, an element is not known to it, or a structure cannot
            be evaluated (two atoms at the same place, a periodic direction without extent).
        IpipError: an energy or force is not finite.
    """
    frames = _frames(structures)
    if isinstance(student, Student | str | os.PathLike):
        return _evaluated(student, frames, device, threads, batch_size)
    committee = list(student)
    if not committee:
        raise InputError("the committee has no students; give at least one model file")
    members = [_evaluated(one, frames, device, threads, batch_size) for one in committee]
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
    """
    frames = _frames(structures)
    network = _network(student, device)
    width = cast(nn.Linear, network.readout[0]).in_features
    rows = [np.zeros((0, width)) for _ in frames]
    filled = [index for index, frame in enumerate(frames) if len(frame)]
    on = next(network.parameters()).device
    with frozen_weights(network), torch.no_grad():
        chosen = [frames[index] for index in filled]
        for start, batch in graph_batches(network, chosen, batch_size, MAX_EDGES):
            species, edge_index, edge_vec, _, _ = batch_arguments(batch.to(on))
            features = network.features(species, edge_index, edge_vec, len(species))
            parts = torch.split(features.double().cpu(), batch.n_atoms.tolist())
            for offset, own in enumerate(parts):
                rows[filled[start + offset]] = own.numpy().copy()
    return rows


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


def _network(student: Model, device: str) -> Student:
    if isinstance(student, Student):
        return student
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device is {device!r}, but torch finds no GPU here; use 'cpu'")
    return load_student(student, device)


def _evaluated(
    student: Model, frames: Sequence[Frame], device: str, threads: int, batch_size: int
) -> list[Prediction]:
    network = _network(student, device)
    check_elements(frames, network.symbols, "structures")
    kernels = None
    if next(network.parameters()).device.type == "cpu":
        kernels = _kernels(student, network, threads)
    if kernels is not None:
        predictions = list(_by_kernels(kernels, network, frames))
    else:
        predictions = list(_in_batches(network, frames, batch_size))
    for index, one in enumerate(predictions):
        if not (np.isfinite(one.energies).all() and np.isfinite(one.forces).all()):
            raise IpipError(
                f"frame {index}: the student's energy or forces are not finite; look for atoms "
                "that are too close"
            )
    return predictions


def _kernels(student: Model, network: Student, threads: int) -> _core.Student | None:
    """Return the student for the hand-written kernels; None where they do not run it."""
    if isinstance(student, Student):
        with tempfile.TemporaryDirectory(prefix="ipip-student-") as folder:
            path = Path(folder) / "student.pt"
            save_student(student, path)
            return _kernels(path, network, threads)
    return load_core_student(student, "kernels", threads, network) if has_kernels(student) else None


def _by_kernels(
    kernels: _core.Student, network: Student, frames: Sequence[Frame]
) -> Iterator[Prediction]:
    search = NeighborSearch(network.cutoff)
    for index, frame in enumerate(frames):
        try:
            edge_index, edge_vec = search.find(frame.positions, frame.cell, frame.pbc)
        except InputError as error:
            raise InputError(f"frame {index}: {error}") from None
        species = species_index(frame.numbers, network.symbols)
        result = kernels.compute(species, edge_index, edge_vec, len(frame))
        yield _prediction(frame, result["atom_energies"], result["forces"], -result["virial"])


def _in_batches(network: Student, frames: Sequence[Frame], batch_size: int) -> Iterator[Prediction]:
    on = next(network.parameters()).device
    done: dict[int, Prediction] = {}
    filled = [index for index, frame in enumerate(frames) if len(frame)]
    chosen = [frames[index] for index in filled]
    with frozen_weights(network):
        for start, batch in graph_batches(network, chosen, batch_size, MAX_EDGES):
            energies, forces, strain = atomic_energies_and_forces(
                network, *batch_arguments(batch.to(on))
            )
            ends = np.cumsum(batch.n_atoms.tolist())[:-1]
            parts = zip(
                np.split(energies.cpu().numpy(), ends),
                np.split(forces.cpu().numpy(), ends),
                strain.cpu().numpy(),
                strict=True,
            )
            for offset, own in enumerate(parts):
                index = filled[start + offset]
                done[index] = _prediction(frames[index], *(part.copy() for part in own))
    empty = np.zeros(0), np.zeros((0, 3)), np.zeros((3, 3))
    for index, frame in enumerate(frames):
        yield done[index] if index in done else _prediction(frame, *empty)


def _prediction(
    frame: Frame, energies: FloatArray, forces: FloatArray, strain: FloatArray
) -> Prediction:
    stress = None
    if frame.may_have_stress:
        symmetric = (strain + strain.T) / (2.0 * frame.volume)
        stress = np.asarray(full_3x3_to_voigt_6_stress(symmetric))
    return Prediction(float(energies.sum()), energies, forces, stress)


def _mean(members: Sequence[Prediction]) -> Prediction:
    energies = np.stack([one.energies for one in members])
    forces = np.stack([one.forces for one in members])
    energy = np.array([one.energy for one in members])
    stresses = [one.stress for one in members if one.stress is not None]
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
