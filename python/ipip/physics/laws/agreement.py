"""The agreement of two computations of the same value, and the error if they differ."""

from __future__ import annotations

import dataclasses
import unittest
from collections.abc import Iterable

from ipip.errors import IpipError


@dataclasses.dataclass(frozen=True)
class Agreement:
    """The largest difference of values that must be equal.

    Attributes:
        what: the compared values.
        difference: in `unit`, never negative; infinite if a value is NaN.
        bound: of the difference.
        unit: of both.
    """

    what: str
    difference: float
    bound: float
    unit: str

    @property
    def ratio(self) -> float:
        """The difference over its bound: at most 1 if the values agree."""
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
        agreement: of the comparison, if it was one.
    """

    def __init__(self, message: str, agreement: Agreement | None = None) -> None:
        super().__init__(message)
        self.agreement = agreement


class DoesNotApply(unittest.SkipTest):
    """A check does not apply; test runners report a skipped test."""
