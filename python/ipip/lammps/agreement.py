"""Agreement of a model file in memory, as TorchScript and in LAMMPS."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, covalent_radii

from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.evaluation import label_frames, open_student
from ipip.lammps.deck import student_pair
from ipip.lammps.single_point import single_point

TOLERANCE = {"float64": 1e-9, "float32": 1e-5}


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Differences between another evaluation of a student and the student in memory.

    Attributes:
        name: of the other evaluation.
        energy: largest difference in energy over the largest energy without the atomic
            reference energies.
        forces: largest difference of a force component over the largest component.
        stress: the same for the stress.
        tolerance: bound on each of them.
    """

    name: str
    energy: float
    forces: float
    stress: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether all differences are finite and within the tolerance."""
        return all(value <= self.tolerance for value in (self.energy, self.forces, self.stress))


def trial_frames(symbols: list[str], seed: int = 0) -> list[Frame]:
    """Make small frames of the student's elements: a molecule, a skewed crystal, a tiny cell."""
    rng = np.random.default_rng(seed)
    radii = np.array([covalent_radii[atomic_numbers[s]] for s in symbols])
    spacing = 2.0 * float(radii.mean())
    frames = []
    for shape, pbc in (((2, 2, 2), False), ((3, 2, 2), True), ((1, 1, 1), True)):
        grid = np.array(list(np.ndindex(shape)), dtype=float)
        skew = np.array([[1.0, 0, 0], [0.15, 1.05, 0], [-0.1, 0.2, 0.95]]) * spacing
        points = grid @ skew + rng.normal(scale=0.05 * spacing, size=(len(grid), 3))
        kinds = (np.arange(len(grid)) + rng.integers(len(symbols))) % len(symbols)
        frames.append(
            Frame(
                numbers=np.array([atomic_numbers[symbols[k]] for k in kinds], dtype=np.int64),
                positions=points,
                cell=np.array(shape)[:, None] * skew if pbc else np.zeros((3, 3)),
                pbc=np.array([pbc] * 3),
            )
        )
    return frames


def check_agreement(model: Path, *, with_lammps: bool = True) -> Iterator[Agreement]:
    """Compare the ways of evaluating a model file on `trial_frames`.

    Args:
        model: the model file.
        with_lammps: run LAMMPS too.

    Yields:
        One agreement for TorchScript and, on request, one for LAMMPS.

    Raises:
        InputError: the file is not a student.
        IpipError: LAMMPS failed.
    """
    network, metadata = open_student(model, backend="eager")
    frames = trial_frames(metadata.symbols)
    expected = label_frames(network, frames)
    atomic = [
        sum(metadata.reference_energies[s] for s in frame.to_atoms().get_chemical_symbols())
        for frame in frames
    ]
    scripted, _ = open_student(model, backend="torchscript")
    evaluated = label_frames(scripted, frames)
    yield _compare("TorchScript", expected, evaluated, atomic, TOLERANCE[metadata.dtype])
    if with_lammps:
        symbols = tuple(metadata.symbols)
        pair = student_pair(model, symbols)
        evaluated = [single_point(frame, pair, symbols) for frame in frames]
        yield _compare("LAMMPS", expected, evaluated, atomic, TOLERANCE[metadata.dtype])


def _compare(
    name: str, expected: list[Frame], evaluated: list[Frame], atomic: list[float], tolerance: float
) -> Agreement:
    worst = {"energy": 0.0, "forces": 0.0, "stress": 0.0}
    largest = dict.fromkeys(worst, 1e-12)
    for right, other, zero in zip(expected, evaluated, atomic, strict=True):
        for label in worst:
            a, b = getattr(right, label), getattr(other, label)
            if a is None:
                continue
            if b is None:
                raise IpipError(f"{name} returned no {label}")
            worst[label] = max(worst[label], float(np.abs(np.subtract(a, b)).max()))
            size = np.abs(np.subtract(a, zero) if label == "energy" else a).max()
            largest[label] = max(largest[label], float(size))
    return Agreement(
        name=name,
        energy=worst["energy"] / largest["energy"],
        forces=worst["forces"] / largest["forces"],
        stress=worst["stress"] / largest["stress"],
        tolerance=tolerance,
    )
