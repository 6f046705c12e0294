"""A box of twelve atoms on a grid, for student MD of a few steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ipip.data import Frame


def small_box(**further: Any) -> Frame:
    """Return four O, S and Mo atoms each in 9 x 8 x 8 Å, with further attributes of a frame."""
    grid = np.array([[i, j, k] for i in range(3) for j in range(2) for k in range(2)])
    return Frame(
        numbers=np.array([8, 16, 42] * 4),
        positions=grid * [3.0, 4.0, 4.0] + 1.0,
        cell=np.diag([9.0, 8.0, 8.0]),
        pbc=np.ones(3, dtype=bool),
        **further,
    )
