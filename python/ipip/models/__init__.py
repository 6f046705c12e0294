"""Students: light message-passing potentials that train here and run in LAMMPS.

Needs the extra `train`.
"""

from ipip.extras import explained

try:
    from ipip.models.painn import PaiNN
    from ipip.models.registry import ARCHITECTURES, build_student
    from ipip.models.student import Student
    from ipip.models.visnet import ViSNet
except ModuleNotFoundError as error:
    raise explained(error, "a student as a network") from None

__all__ = ["ARCHITECTURES", "PaiNN", "Student", "ViSNet", "build_student"]
