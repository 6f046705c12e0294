"""How well two ways to compute the same agree, and the error where they do not."""

from __future__ import annotations

import dataclasses
import unittest
from collections.abc import Iterable

from ipip.errors import IpipError


@dataclasses.dataclass(frozen=True)
class Agreement:
    """The largest difference of what must be equal.

    Attributes:
        what: was compared.
        difference: in `unit`, never negative; infinite where something is not a number.
        bound: of the difference.
        unit: of both.
    """

    what: str
    difference: float
    bound: float
    unit: str

    @property
    def ratio(self) -> float:
        """The difference over its bound: what must be equal is equal up to 1."""
        if self.bound > 0:
            return self.difference / self.bound
        return 0.0 if self.difference == 0 else float("inf")


def worst(agreements: Iterable[Agreement]) -> Agreement:
    """Return the agreement that is closest to its bound, or farthest beyond it."""
    return max(agreements, key=lambda one: one.ratio)


class ContractError(IpipError, AssertionError):
    """A check does not hold; the message names the check, the structure, the value and the bound.

    It is an `AssertionError` too, so that test runners count it as a failed test.

    Attributes:
        agreement: what was compared, where it was a comparison.
    """

    def __init__(self, message: str, agreement: Agreement | None = None) -> None:
        super().__init__(message)
        self.agreement = agreement


class DoesNotApply(unittest.SkipTest):
    """What is checked lacks what a check is about; test runners report a skipped test."""
