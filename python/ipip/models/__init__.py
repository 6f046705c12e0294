"""Students: light message-passing potentials that train here and run in LAMMPS."""

from ipip.models.painn import PaiNN
from ipip.models.registry import ARCHITECTURES, build_student
from ipip.models.student import Student

__all__ = ["ARCHITECTURES", "PaiNN", "Student", "build_student"]
