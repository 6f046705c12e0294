"""The interval of a rate."""

from __future__ import annotations

import math

Z95 = 1.959963984540054


def wilson_interval(failed: int, total: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a rate (95 % for the default `z`).

    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). Without trials: (0, 1).

    Raises:
        ValueError: not 0 <= failed <= total.
    """
    if not 0 <= failed <= total:
        raise ValueError(f"expected 0 <= failed <= total, got {failed} of {total}")
    if total == 0:
        return 0.0, 1.0
    rate = failed / total
    centre = (rate + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total**2))
    low = 0.0 if failed == 0 else max(0.0, centre - half)
    high = 1.0 if failed == total else min(1.0, centre + half)
    return low, high
