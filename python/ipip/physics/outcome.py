"""The outcome of a check: measures with their bounds, and pictures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

State = Literal["holds", "fails", "does not apply"]


@dataclasses.dataclass(frozen=True)
class Measure:
    """One measured figure of a check.

    Attributes:
        name: of the figure.
        value: in `unit`; NaN if it could not be measured, which never holds.
        unit: empty for a count or a ratio.
        bound: on the value; None: for information only.
        at_least: whether the bound is a lower one.
        place: of the value: a pair, a structure, a distance.
    """

    name: str
    value: float
    unit: str = ""
    bound: float | None = None
    at_least: bool = False
    place: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value is within its bound."""
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
    """A picture of a check.

    Attributes:
        caption: how to read it.
        x_title, y_title: of the axes, with units.
        curves: lines, or groups of bars.
        kind: how they are drawn.
        log: whether the y axis is logarithmic.
        bound: drawn as a line; None: no line.
        clip: initial range of y; None: all.
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
    """The outcome of one check on one potential.

    Attributes:
        check: name of the check.
        measures: figures with bounds, the most important first.
        pictures: to draw.
        note: a sentence, such as why it does not apply or which error was raised.
        applies: whether the check applies to the potential and the structures.
        raised: whether the potential raised an error, which never holds.
        seconds: wall time.
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
    finite = tuple(float(v) if math.isfinite(v) else None for v in y)
    return tuple(float(v) for v in x), finite  # type: ignore[return-value]


def as_worst(value: float) -> float:
    """Return a value to rank by: NaN is worse than any number."""
    return math.inf if math.isnan(value) else float(value)


def index_of_worst(values: Sequence[float]) -> int:
    """Return the index of the worst value, the first of equal ones."""
    return max(range(len(values)), key=lambda index: as_worst(values[index]))
