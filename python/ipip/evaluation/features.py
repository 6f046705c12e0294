"""Features of frames, for the selection of diverse ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipip.data.frame import FloatArray, Frame
from ipip.evaluation.students import OpenStudent


def frame_features(student: OpenStudent, frames: Sequence[Frame]) -> FloatArray:
    """Describe frames by a student's final atomic features.

    Returns:
        [n_frames, 2 F], see `pooled`.
    """
    if not frames:
        return np.zeros((0, 0))
    return np.stack([pooled(atoms) for atoms in student.describe_frames(frames)])


def pooled(atoms: FloatArray) -> FloatArray:
    """Describe a frame by the features [n, F] of its atoms.

    Returns:
        [2 F]: mean over the atoms, then the largest over the atoms, of each feature.
    """
    return np.concatenate([atoms.mean(axis=0), atoms.max(axis=0)])
