"""The numerical precision of a potential, from which all bounds follow."""

from __future__ import annotations

import dataclasses

from ipip.errors import InputError


@dataclasses.dataclass(frozen=True)
class Precision:
    """Bounds of a contract.

    Attributes:
        step: Å, of finite differences (four-point: their error falls with its fourth power).
        derivative: error of a finite difference, over the size of the forces or the stress.
        equality: difference of two computations of the same value, over the size of the forces.
        epsilon: relative rounding of an energy.
    """

    step: float
    derivative: float
    equality: float
    epsilon: float


FLOAT64 = Precision(step=1e-3, derivative=1e-6, equality=1e-9, epsilon=2.3e-16)
"""Bounds for double precision."""
FLOAT32 = Precision(step=1e-2, derivative=2e-3, equality=5e-5, epsilon=1.2e-7)
"""Bounds for single precision."""
_NAMED = {"float64": FLOAT64, "float32": FLOAT32}


def precision_of(given: str | Precision) -> Precision:
    """Return bounds by name.

    Raises:
        InputError: the name is unknown.
    """
    if isinstance(given, Precision):
        return given
    if given not in _NAMED:
        raise InputError(
            f"precision is {given!r}; expected float64, float32 or an ipip.testing.Precision"
        )
    return _NAMED[given]
