"""What error to expect of the force on an atom, from the student's own features; numpy alone.

The score of an atom is how far its final scalars are from those of its element in training. A
monotone map that was fitted on validation frames makes eV/Å of it. What both need lies in the model
file (`docs/model-file.md`); what was measured is in `docs/uncertainty.md`. In C++:
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
