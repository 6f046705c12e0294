"""Active learning: which harvested frames the reference labels, and whether its level fits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ipip.data import Frame


def with_largest(values: Sequence[float | None], count: int) -> list[int]:
    """Return the indices of the largest values, in ascending order of index.

    Args:
        values: of each frame, by which it is ranked (eV/Å): its force difference or its expected
            error; None or not finite if there is none: such a frame is never selected.
        count: largest number of indices. Of equal values the earlier comes first.
    """
    known = [
        (-value, index)
        for index, value in enumerate(values)
        if value is not None and math.isfinite(value)
    ]
    return sorted(index for _, index in sorted(known)[:count])


def level_mismatch(known: Frame, computed: Frame) -> tuple[float, float]:
    """Return the differences between a level and a frame's labels.

    Args:
        known: a reference frame.
        computed: the same frame labelled by the level.

    Returns:
        The difference of the energies (meV/atom) and the largest of the force components (eV/Å).
    """
    assert known.energy is not None and computed.energy is not None
    assert known.forces is not None and computed.forces is not None
    energy = 1000.0 * abs(known.energy - computed.energy) / len(known)
    return energy, float(np.abs(known.forces - computed.forces).max())
