"""The labellers of kept frames: one student, averaged weights, or a committee."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from ipip.data import Frame
from ipip.errors import InputError
from ipip.models import Student
from ipip.train import labeller

CHUNK = 256  # frames between two reports of progress
Advance = Callable[[int], None]


def average_weights(students: Sequence[Student]) -> Student:
    """Return a student whose weights are the mean of those of `students`.

    Meaningful only for students of one warm chain: weights from different random starts
    are not near the same minimum.

    Raises:
        InputError: there are none, or their architectures differ.
    """
    if not students:
        raise InputError("there are no students to average")
    first = students[0]
    for other in students[1:]:
        same = (other.architecture, other.symbols, other.arguments) == (
            first.architecture,
            first.symbols,
            first.arguments,
        )
        if not same:
            raise InputError(
                "the students to average differ in architecture, elements or arguments"
            )
    states = [student.state_dict() for student in students]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    averaged = copy.deepcopy(first)
    averaged.load_state_dict(mean)
    return averaged


def label_with(
    students: Sequence[Student],
    frames: Sequence[Frame],
    advance: Advance = lambda steps: None,
    device: str = "cpu",
) -> tuple[list[Frame], npt.NDArray[np.float64]]:
    """Label frames with the mean prediction of students.

    Args:
        students: one, or the members of a committee.
        frames: configurations; their labels are ignored.
        advance: called with the number of newly labelled frames (counted once for each student).
        device: on which the kernels run, see `open_student`.

    Returns:
        The frames with energy (eV), forces (eV/Å) and, if all have it, stress (eV/Å^3); and
        [n_frames] the spread of the forces in eV/Å: the root mean square over atoms of the standard
        deviation of the force vector between members (0 for one student).
    """
    parts: list[list[Frame]] = []
    for student in students:
        label = labeller(student, device)
        own: list[Frame] = []
        for start in range(0, len(frames), CHUNK):
            chunk = frames[start : start + CHUNK]
            own += label(chunk)
            advance(len(chunk))
        parts.append(own)
    if len(parts) == 1:
        return parts[0], np.zeros(len(frames))
    labelled, spreads = [], []
    for members in zip(*parts, strict=True):
        forces = np.stack([np.asarray(member.forces) for member in members])
        stresses = [member.stress for member in members if member.stress is not None]
        energies = [float(member.energy or 0.0) for member in members]
        variance = forces.var(axis=0).sum(axis=1)
        spreads.append(float(np.sqrt(variance.mean())) if len(variance) else 0.0)
        labelled.append(
            members[0].replace(
                energy=float(np.mean(energies)),
                forces=forces.mean(axis=0),
                stress=np.mean(stresses, axis=0) if len(stresses) == len(members) else None,
            )
        )
    return labelled, np.array(spreads)
