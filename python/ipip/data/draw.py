"""Draws of some of many, without replacement."""

from __future__ import annotations

import numpy as np


def draw_indices(total: int, count: int, seed: int) -> list[int]:
    """Return the indices of a random draw, in ascending order.

    Args:
        total: number to draw from.
        count: number to draw; all if there are fewer.
        seed: of the draw.
    """
    return sorted(np.random.default_rng(seed).permutation(total)[:count].tolist())
