"""How long molecules live, by species, in memory that does not grow with time."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Lifetimes:
    """Sums over the molecules of one species.

    Attributes:
        first_step: at which one was first seen.
        births: molecules seen to form.
        deaths: molecules seen to end.
        exposure: steps lived, of all of them together (of living ones until the last frame).
        longest: steps of the longest life seen.
        longest_is_open: whether that one was there at the first frame or still is at the last.
    """

    first_step: int
    births: int = 0
    deaths: int = 0
    exposure: int = 0
    longest: int = 0
    longest_is_open: bool = False

    @property
    def mean(self) -> float | None:
        """Mean life in steps, or None where none was seen to end.

        Steps lived over ends seen: the maximum-likelihood estimate for a constant rate of decay,
        which uses the molecules that had not ended too.
        """
        return self.exposure / self.deaths if self.deaths else None


@dataclasses.dataclass(frozen=True)
class Life:
    """One molecule.

    Attributes:
        number: of the molecule.
        formula: its species.
        first_step: at which it was first seen.
        begun_by: number of the event that made it; None: it was there at the first frame.
    """

    number: int
    formula: str
    first_step: int
    begun_by: int | None


class LifeTable:
    """The living molecules, and the sums over all that lived.

    Attributes:
        living: by number.
        species: sums by formula.
        counts: number of living molecules of each formula, none zero.
    """

    def __init__(self) -> None:
        self.living: dict[int, Life] = {}
        self.species: dict[str, Lifetimes] = {}
        self.counts: dict[str, int] = {}

    def begin(self, number: int, formula: str, step: int, event: int | None) -> None:
        """A molecule is there; `event` made it, or None at the first frame."""
        self.living[number] = Life(number, formula, step, event)
        self.counts[formula] = self.counts.get(formula, 0) + 1
        own = self.species.setdefault(formula, Lifetimes(first_step=step))
        own.births += event is not None

    def end(self, number: int, step: int) -> Life:
        """A molecule ended at `step`."""
        life = self.living.pop(number)
        left = self.counts[life.formula] - 1
        if left:
            self.counts[life.formula] = left
        else:
            del self.counts[life.formula]
        own = self.species[life.formula]
        own.deaths += 1
        self._add(own, life, step, is_open=life.begun_by is None)
        return life

    def close(self, step: int) -> list[Life]:
        """The last frame: add what the living have lived, and return them."""
        for life in self.living.values():
            self._add(self.species[life.formula], life, step, is_open=True)
        return list(self.living.values())

    @staticmethod
    def _add(own: Lifetimes, life: Life, step: int, *, is_open: bool) -> None:
        lived = step - life.first_step
        own.exposure += lived
        if lived > own.longest:
            own.longest, own.longest_is_open = lived, is_open
