"""Draws of some of many, without replacement."""

from __future__ import annotations

import numpy as np


def draw_indices(total: int, count: int, seed: int) -> list[int]:
    """Return the indices of what is drawn at random, in ascending order.

    Args:
        total: to draw from.
        count: how many; all where there are fewer.
        seed: of the draw.
    """
    return sorted(np.random.default_rng(seed).permutation(total)[:count].tolist())
