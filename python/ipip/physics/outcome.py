"""What a check found: measures with their bounds, and what to draw."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

State = Literal["holds", "fails", "does not apply"]


@dataclasses.dataclass(frozen=True)
class Measure:
    """One figure of a check.

    Attributes:
        name: what it is.
        value: in `unit`; not a number where it could not be measured, which never holds.
        unit: empty for a count or a ratio.
        bound: that the value must keep; None: it is for information.
        at_least: the bound is a lower one.
        place: where the value was found: a pair, a structure, a distance.
    """

    name: str
    value: float
    unit: str = ""
    bound: float | None = None
    at_least: bool = False
    place: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bound."""
        if self.bound is None:
            return True
        return bool(self.value >= self.bound if self.at_least else self.value <= self.bound)


@dataclasses.dataclass(frozen=True)
class Curve:
    """Points of one line, or bars, of a picture.

    Attributes:
        name: in the legend.
        x: numbers, or names of bars.
        y: numbers; None leaves a gap.
    """

    name: str
    x: tuple[float, ...] | tuple[str, ...]
    y: tuple[float | None, ...]


@dataclasses.dataclass(frozen=True)
class Picture:
    """What a check draws.

    Attributes:
        caption: how to read it.
        x_title, y_title: of the axes, with units.
        curves: lines, or groups of bars.
        kind: how they are drawn.
        log: the y axis is logarithmic.
        bound: a level that the values must keep; None: there is none.
        clip: range of y that is shown first; None: all.
    """

    caption: str
    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    kind: Literal["lines", "bars"] = "lines"
    log: bool = False
    bound: float | None = None
    clip: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one check found on one potential.

    Attributes:
        check: its name.
        measures: figures with bounds, the most telling first.
        pictures: what to draw.
        note: what is worth a sentence, such as why it does not apply or what was raised.
        applies: False where the potential or the structures lack what the check is about.
        raised: the potential failed on the way, which never holds.
        seconds: it took.
    """

    check: str
    measures: tuple[Measure, ...] = ()
    pictures: tuple[Picture, ...] = ()
    note: str = ""
    applies: bool = True
    raised: bool = False
    seconds: float = 0.0

    @property
    def state(self) -> State:
        """Whether the check holds."""
        if not self.applies:
            return "does not apply"
        if self.raised or not all(measure.holds for measure in self.measures):
            return "fails"
        return "holds"

    @property
    def telling(self) -> Measure | None:
        """The first measure that breaks its bound, else the first one."""
        broken = [measure for measure in self.measures if not measure.holds]
        return next(iter([*broken, *self.measures]), None)


def points(x: Sequence[float], y: Sequence[float]) -> tuple[tuple[float, ...], ...]:
    """Return x and y of a curve, with gaps (None) where y is not finite."""
    kept = tuple(float(v) if math.isfinite(v) else None for v in y)
    return tuple(float(v) for v in x), kept  # type: ignore[return-value]


def as_worst(value: float) -> float:
    """Return a value to rank by: what is not a number is worse than any number."""
    return math.inf if math.isnan(value) else float(value)


def index_of_worst(values: Sequence[float]) -> int:
    """Return where the worst value is, the first of those that are equally bad."""
    return max(range(len(values)), key=lambda index: as_worst(values[index]))
