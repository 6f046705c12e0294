"""Whether frames follow one another like frames of a trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipip.data.frame import Frame

LEAST_PAIRS = 5
PAIRS = 200  # that are compared, evenly spaced
NEAR = 0.5  # of the displacement between frames at random


def follow_one_another(frames: Sequence[Frame], seed: int = 0) -> bool:
    """Return whether neighbours in a file are much closer than random frames of the file.

    This holds for frames of MD, and for rattled copies of a few structures: if such frames are
    split one by one, training and test hold nearly the same structures.

    Args:
        frames: in the order of their file; at most 400 of them are read.
        seed: of the random pairs.

    Returns:
        True if most neighbours have the same atoms and the median of the root mean square
        displacements between them is below half of that between random frames.
    """
    starts = np.unique(np.linspace(0, max(len(frames) - 2, 0), PAIRS).astype(int))
    if len(frames) < 2:
        return False
    first = [frames[int(index)] for index in starts]
    near = [
        displacement(frame, frames[int(index) + 1])
        for index, frame in zip(starts, first, strict=True)
        if _same_atoms(frame, frames[int(index) + 1])
    ]
    if len(near) < max(LEAST_PAIRS, len(starts) / 2):
        return False
    rng = np.random.default_rng(seed)
    far = []
    for index, frame in zip(starts, first, strict=True):
        others = [
            other
            for place, other in zip(starts, first, strict=True)
            if abs(place - index) > 1 and _same_atoms(frame, other)
        ]
        if others:
            far.append(displacement(frame, others[int(rng.integers(len(others)))]))
    return len(far) >= LEAST_PAIRS and float(np.median(near)) < NEAR * float(np.median(far))


def displacement(frame: Frame, other: Frame) -> float:
    """Return the root mean square displacement (Å) of the atoms between two frames.

    Args:
        frame: its cell gives the nearest image.
        other: with the same atoms in the same order.
    """
    apart = other.positions - frame.positions
    if frame.pbc.any() and frame.volume > 0:
        fractional = np.linalg.solve(frame.cell.T, apart.T).T
        fractional -= np.where(frame.pbc, np.round(fractional), 0.0)
        apart = fractional @ frame.cell
    return float(np.sqrt(np.mean(np.sum(apart**2, axis=1))))


def _same_atoms(frame: Frame, other: Frame) -> bool:
    return np.array_equal(frame.numbers, other.numbers)
