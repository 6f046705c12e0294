"""How long a training may last, as in `20 min` or `5000 steps`."""

from __future__ import annotations

import dataclasses
import math
import re

UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
FORM = re.compile(r"\s*(\d+(?:\.\d*)?(?:e\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Budget:
    """A time or a number of steps; the other one is None.

    Attributes:
        seconds: of wall time.
        steps: of the optimiser.
    """

    seconds: float | None = None
    steps: int | None = None


def parse_budget(text: str) -> Budget:
    """Read a budget.

    Args:
        text: a number above 0 with `s`, `min`, `h`, `d` or `steps`.

    Raises:
        ValueError: says what was expected.
    """
    match = FORM.fullmatch(text)
    number = float(match[1]) if match else 0.0
    number = number if math.isfinite(number) else 0.0  # as 1e400 reads
    unit = match[2].lower() if match else ""
    if number > 0 and unit in UNITS:
        return Budget(seconds=number * UNITS[unit])
    if number >= 1 and number == int(number) and unit in ("steps", "step"):
        return Budget(steps=int(number))
    raise ValueError(
        f"{text!r} is no budget; give a time above 0 or a whole number of steps: 90 s, 20 min, "
        "2 h, 1 d, 5000 steps"
    )
