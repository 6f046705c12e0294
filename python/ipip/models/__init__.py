"""Students: light message-passing potentials that train here and run in LAMMPS."""

from ipip.models.painn import PaiNN
from ipip.models.registry import ARCHITECTURES, build_student
from ipip.models.student import Student
from ipip.models.visnet import ViSNet

__all__ = ["ARCHITECTURES", "PaiNN", "Student", "ViSNet", "build_student"]
