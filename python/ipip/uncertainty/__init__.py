"""The expected error of the force on an atom, from the student's features; needs only numpy.

The score of an atom is how far its final scalars are from those of its element in training. A
monotone map fitted to validation frames converts it to eV/Å. The model file holds the data of both
(`docs/model-file.md`); `docs/uncertainty.md` has measurements. In C++:
`cpp/src/model/uncertainty.cpp`.
"""

from ipip.uncertainty.calibration import Calibration, fit_calibration
from ipip.uncertainty.density import Density, fit_density
from ipip.uncertainty.model import Uncertainty
from ipip.uncertainty.record import read_uncertainty, with_uncertainty, write_uncertainty
from ipip.uncertainty.reliability import Reliability, reliability

__all__ = [
    "Calibration",
    "Density",
    "Reliability",
    "Uncertainty",
    "fit_calibration",
    "fit_density",
    "read_uncertainty",
    "reliability",
    "with_uncertainty",
    "write_uncertainty",
]
