"""Students: light message-passing potentials that train here and run in LAMMPS.

Needs the extra `train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.extras import explained
from ipip.lazy import lazy_names

try:
    from ipip.models.halo import halo_exchange
    from ipip.models.painn import PaiNN
    from ipip.models.registry import ARCHITECTURES, build_student
    from ipip.models.student import Student
    from ipip.models.visnet import ViSNet
    from ipip.models.visnet_from_pyg import visnet_from_pyg
except ModuleNotFoundError as error:
    raise explained(error, "a student as a network") from None

__all__ = [
    "ARCHITECTURES",
    "PaiNN",
    "Student",
    "ViSNet",
    "build_student",
    "halo_exchange",
    "painn_from_schnetpack",
    "visnet_from_pyg",
]

if TYPE_CHECKING:
    from ipip.models.schnetpack import painn_from_schnetpack

__getattr__ = lazy_names(
    __name__,
    {
        "painn_from_schnetpack": "ipip.models.schnetpack",
    },
)
