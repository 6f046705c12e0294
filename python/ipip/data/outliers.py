"""Frames whose labels stand out, reported before they spoil a training."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ipip.data.elements import composition, elements_of
from ipip.data.frame import Frame

FAR = 8.0  # robust standard deviations
LEAST = 8  # values that define a spread
FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Outlier:
    """One label that stands out.

    Attributes:
        frame: index of the frame.
        what: which label, with its unit.
        value: of the label.
        typical: median of the set.
        deviations: distance from the median in robust standard deviations (1.4826 median absolute
            deviations).
    """

    frame: int
    what: str
    value: float
    typical: float
    deviations: float


def find_outliers(frames: Sequence[Frame], far: float = FAR) -> list[Outlier]:
    """Find frames with an energy, a largest force or a pressure far from the other frames'.

    Energies per atom are compared after a least-squares fit of the composition; largest forces on a
    logarithmic scale. A set of fewer than 8 values has no outliers.

    Args:
        frames: with labels.
        far: robust standard deviations from which a value stands out.

    Returns:
        The outliers, the farthest first.
    """
    energies, forces, pressures = _labels(frames)
    symbols = elements_of(frames)
    outliers = _far(
        "energy beyond composition (eV/atom)", _residuals(frames, symbols, energies), far
    )
    outliers += [
        dataclasses.replace(o, value=float(np.exp(o.value)), typical=float(np.exp(o.typical)))
        for o in _far("largest |force| (eV/Å)", np.log(np.maximum(forces, 1e-6)), far)
    ]
    outliers += _far("pressure (eV/Å^3)", pressures, far)
    return sorted(outliers, key=lambda outlier: -outlier.deviations)


def _labels(frames: Sequence[Frame]) -> tuple[FloatArray, FloatArray, FloatArray]:
    rows = []
    for frame in frames:
        energy = np.nan if frame.energy is None else frame.energy / len(frame)
        force = np.nan
        if frame.forces is not None and len(frame) > 1:
            force = np.linalg.norm(frame.forces, axis=1).max()
        pressure = np.nan if frame.stress is None else -np.trace(frame.stress) / 3
        rows.append((energy, force, pressure))
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _residuals(frames: Sequence[Frame], symbols: Sequence[str], energies: FloatArray) -> FloatArray:
    finite = np.isfinite(energies)
    if not finite.any():
        return energies
    counts = composition(frames, symbols)
    fractions = counts / counts.sum(1, keepdims=True)
    kept = finite
    for _ in range(2):  # again without the outliers, which would bend the fit
        fit, *_ = np.linalg.lstsq(fractions[kept], energies[kept], rcond=None)
        residuals: FloatArray = energies - fractions @ fit
        off = np.abs(residuals - np.median(residuals[kept]))
        kept = finite & (off <= FAR * 1.4826 * np.median(off[kept]) + 1e-9)
    return residuals


def _far(what: str, values: FloatArray, far: float) -> list[Outlier]:
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite) < LEAST:
        return []
    median = float(np.median(values[finite]))
    spread = 1.4826 * float(np.median(np.abs(values[finite] - median)))
    spread = max(spread, 1e-9 * max(abs(median), 1.0))
    deviations = np.abs(values[finite] - median) / spread
    return [
        Outlier(int(frame), what, float(values[frame]), median, float(deviation))
        for frame, deviation in zip(finite, deviations, strict=True)
        if deviation > far
    ]
