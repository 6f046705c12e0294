"""The spread of several students, or of heads on one body, over the atoms of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipip.data import Frame
from ipip.data.evaluated import Evaluated
from ipip.data.frame import FloatArray
from ipip.evaluation.students import OpenStudent


def force_spread(students: Sequence[OpenStudent], frames: Sequence[Frame]) -> FloatArray:
    """Return the root mean square deviation of students' forces from their mean."""
    forces = np.stack(
        [np.concatenate([one.forces for one in done]) for done in _evaluated(students, frames)]
    )
    return np.sqrt(((forces - forces.mean(0)) ** 2).sum(-1).mean(0))


def energy_spread(students: Sequence[OpenStudent], frames: Sequence[Frame]) -> FloatArray:
    """Return the standard deviation of each atom's energy over students, eV: no backward sweep."""
    energies = np.stack(
        [np.concatenate([one.energies for one in done]) for done in _evaluated(students, frames)]
    )
    return energies.std(axis=0)


def _evaluated(students: Sequence[OpenStudent], frames: Sequence[Frame]) -> list[list[Evaluated]]:
    return [student.evaluate_frames(frames) for student in students]
