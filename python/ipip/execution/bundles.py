"""Putting small pieces of work together: a task should take a stated time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def bundles(
    items: Sequence[Item], seconds_each: float, bundle_s: float, places: int
) -> list[list[Item]]:
    """Divide items into tasks of about `bundle_s`, but not into fewer than there are places.

    Args:
        items: pieces of work of about the same length.
        seconds_each: s that one takes, as far as is known.
        bundle_s: s that a task should take; 0: one item each.
        places: tasks that can run at the same time.

    Returns:
        Tasks of equal size (the last ones one item smaller), in order.
    """
    if not items:
        return []
    in_time = max(1, math.floor(bundle_s / max(seconds_each, 1e-9)))
    size = min(in_time, math.ceil(len(items) / max(1, places)))
    count = math.ceil(len(items) / size)
    bounds = [len(items) * number // count for number in range(count + 1)]
    return [list(items[low:high]) for low, high in itertools.pairwise(bounds)]
