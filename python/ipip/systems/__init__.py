"""Initial boxes: molecules packed at random, or structures from files."""

from ipip.systems.build import build, count_atoms, enlarged
from ipip.systems.molecules import BUILT_IN, molecule

__all__ = ["BUILT_IN", "build", "count_atoms", "enlarged", "molecule"]
