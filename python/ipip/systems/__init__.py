"""Initial boxes: molecules packed at random, or structures from files."""

from ipip.systems.build import build
from ipip.systems.molecules import BUILT_IN, molecule

__all__ = ["BUILT_IN", "build", "molecule"]
