"""Errors frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipip.data import Frame


def frame_energy_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> list[float]:
    """Return the energy error of each frame (predicted minus reference), meV/atom."""
    return [
        1000 * (own.energy - known.energy) / len(known)
        for known, own in zip(reference, predicted, strict=True)
        if own.energy is not None and known.energy is not None
    ]


def frame_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> list[float]:
    """Return the mean absolute force error of each frame, eV/Å."""
    return [
        float(np.abs(own.forces - known.forces).mean())
        for known, own in zip(reference, predicted, strict=True)
        if own.forces is not None and known.forces is not None
    ]
