"""What a check is: a question to a potential, its bound with a source, and how it is measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class PhysicsCheck(ABC):
    """One property that needs no reference.

    Attributes:
        name: of the check, and of its element on the page: letters, digits and -.
        title: of it, for people.
        question: that it answers, in a sentence.
        bound: that it must keep, in words.
        source: of measure and bound: a publication, or the reason.
        in_short: it belongs to the short form.
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
            subject: the potential, and the structures to look at.
            quick: take fewer points and shorter runs.
        """

    def found(self, **values: object) -> Outcome:
        """Return an outcome of this check; see `Outcome`."""
        return Outcome(self.name, **values)  # type: ignore[arg-type]

    def not_applicable(self, reason: str) -> Outcome:
        """Return the outcome of a check that does not apply."""
        return Outcome(self.name, note=reason, applies=False)
