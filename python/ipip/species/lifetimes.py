"""Lifetimes of molecules by species, in memory that does not grow with time."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Lifetimes:
    """Sums over the molecules of one species.

    Attributes:
        first_step: at which one was first observed.
        births: number of molecules that formed.
        deaths: number of molecules that ended.
        exposure: total steps lived by all of them (by living ones until the last frame).
        longest: steps of the longest life.
        longest_is_open: whether that life includes the first or the last frame.
    """

    first_step: int
    births: int = 0
    deaths: int = 0
    exposure: int = 0
    longest: int = 0
    longest_is_open: bool = False

    @property
    def mean(self) -> float | None:
        """Mean life in steps, or None if none ended.

        Steps lived over deaths: the maximum-likelihood estimate for a constant rate of decay, which
        also uses living molecules.
        """
        return self.exposure / self.deaths if self.deaths else None


@dataclasses.dataclass(frozen=True)
class Life:
    """One molecule.

    Attributes:
        number: of the molecule.
        formula: its species.
        first_step: at which it was first observed.
        begun_by: number of the event that formed it; None: it existed in the first frame.
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
        """Add a molecule that `event` formed, or None for the first frame."""
        self.living[number] = Life(number, formula, step, event)
        self.counts[formula] = self.counts.get(formula, 0) + 1
        sums = self.species.setdefault(formula, Lifetimes(first_step=step))
        sums.births += event is not None

    def end(self, number: int, step: int) -> Life:
        """Remove a molecule that ended at `step`."""
        life = self.living.pop(number)
        remaining = self.counts[life.formula] - 1
        if remaining:
            self.counts[life.formula] = remaining
        else:
            del self.counts[life.formula]
        sums = self.species[life.formula]
        sums.deaths += 1
        self._add(sums, life, step, is_open=life.begun_by is None)
        return life

    def close(self, step: int) -> list[Life]:
        """After the last frame, add the steps of living molecules, and return them."""
        for life in self.living.values():
            self._add(self.species[life.formula], life, step, is_open=True)
        return list(self.living.values())

    @staticmethod
    def _add(sums: Lifetimes, life: Life, step: int, *, is_open: bool) -> None:
        lived = step - life.first_step
        sums.exposure += lived
        if lived > sums.longest:
            sums.longest, sums.longest_is_open = lived, is_open
