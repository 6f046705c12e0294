"""The interface of a check: a question to a potential, a bound with its source, a measurement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class PhysicsCheck(ABC):
    """A property that needs no reference data.

    Attributes:
        name: of the check, and of its element on the page: letters, digits and -.
        title: for people.
        question: which it answers, in a sentence.
        bound: on the result, in words.
        source: of measure and bound: a publication, or a reason.
        in_short: whether it belongs to the short form.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    question: ClassVar[str]
    bound: ClassVar[str]
    source: ClassVar[str]
    in_short: ClassVar[bool] = True

    @abstractmethod
    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure a potential.

        Args:
            subject: the potential, and its structures.
            quick: use fewer points and shorter runs.
        """

    def found(self, **values: object) -> Outcome:
        """Return an outcome of this check; see `Outcome`."""
        return Outcome(self.name, **values)  # type: ignore[arg-type]

    def not_applicable(self, reason: str) -> Outcome:
        """Return the outcome of a check that does not apply."""
        return Outcome(self.name, note=reason, applies=False)
