"""ipip: iterative pretraining of interatomic potentials, and their use in LAMMPS.

Importing the package is cheap; PyTorch is imported with the module that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names

__version__ = "0.1.0"
"""Version of ipip, `major.minor.patch`; stated here and nowhere else."""
__all__ = [
    "IpipCalculator",
    "Prediction",
    "Spread",
    "__version__",
    "build_student",
    "descriptors",
    "load_student",
    "predict",
    "read_metadata",
    "save_student",
]

if TYPE_CHECKING:
    from ipip.calculator import IpipCalculator
    from ipip.export import load_student, read_metadata, save_student
    from ipip.models import build_student
    from ipip.prediction import Prediction, Spread, descriptors, predict

__getattr__ = lazy_names(
    __name__,
    {
        "IpipCalculator": "ipip.calculator",
        "Prediction": "ipip.prediction",
        "Spread": "ipip.prediction",
        "build_student": "ipip.models",
        "descriptors": "ipip.prediction",
        "load_student": "ipip.export",
        "predict": "ipip.prediction",
        "read_metadata": "ipip.export",
        "save_student": "ipip.export",
    },
)
