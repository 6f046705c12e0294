"""The list of all checks, in the order of the report: one file and one line for each."""

from __future__ import annotations

from ipip.physics.check import PhysicsCheck
from ipip.physics.checks.binding import BINDING
from ipip.physics.checks.compression import COMPRESSION
from ipip.physics.checks.cost import COST
from ipip.physics.checks.drift import DRIFT
from ipip.physics.checks.equation_of_state import EQUATION_OF_STATE
from ipip.physics.checks.extensivity import EXTENSIVITY
from ipip.physics.checks.ghost_atoms import GHOST_ATOMS
from ipip.physics.checks.gradient import GRADIENT
from ipip.physics.checks.heating import HEATING
from ipip.physics.checks.hessian import HESSIAN
from ipip.physics.checks.locality import LOCALITY
from ipip.physics.checks.permutation import PERMUTATION
from ipip.physics.checks.repulsion import REPULSION
from ipip.physics.checks.rotation import ROTATION
from ipip.physics.checks.smoothness import SMOOTHNESS
from ipip.physics.checks.squeezing import SQUEEZING
from ipip.physics.checks.stretching import STRETCHING
from ipip.physics.checks.tail import TAIL
from ipip.physics.checks.translation import TRANSLATION
from ipip.physics.checks.work import WORK

CHECKS: tuple[PhysicsCheck, ...] = (
    REPULSION,
    BINDING,
    TAIL,
    WORK,
    SMOOTHNESS,
    EQUATION_OF_STATE,
    COMPRESSION,
    STRETCHING,
    EXTENSIVITY,
    LOCALITY,
    GHOST_ATOMS,
    ROTATION,
    TRANSLATION,
    PERMUTATION,
    GRADIENT,
    HESSIAN,
    DRIFT,
    HEATING,
    SQUEEZING,
    COST,
)


def checks_of(*, short: bool) -> tuple[PhysicsCheck, ...]:
    """Return the checks of the full form, or of the short one that the loop runs."""
    return tuple(check for check in CHECKS if check.in_short) if short else CHECKS
