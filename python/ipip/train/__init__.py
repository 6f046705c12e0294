"""Training and prediction of students in memory; `ipip.evaluation` has errors and files.

Needs the extra `train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.config.training import steps_of
from ipip.extras import explained
from ipip.lazy import lazy_names

try:
    from ipip.train.fitting.fit import FitResult, fit
    from ipip.train.fitting.restore import student_from_checkpoint
    from ipip.train.prediction.labeller import labeller
    from ipip.train.prediction.predict import frame_features, predict
    from ipip.train.preparation.energy_scale import set_energy_scale
except ModuleNotFoundError as error:
    raise explained(error, "training") from None

__all__ = [
    "FitResult",
    "Objective",
    "PainnKernels",
    "TrainPlan",
    "fit",
    "frame_features",
    "labeller",
    "predict",
    "prepare",
    "set_energy_scale",
    "steps_of",
    "student_from_checkpoint",
    "train_run",
]

if TYPE_CHECKING:
    from ipip.train.loss.objective import Objective
    from ipip.train.plan import TrainPlan
    from ipip.train.prediction.painn_kernels import PainnKernels
    from ipip.train.run import prepare, train_run

__getattr__ = lazy_names(
    __name__,
    {
        "PainnKernels": "ipip.train.prediction.painn_kernels",
        "Objective": "ipip.train.loss.objective",
        "TrainPlan": "ipip.train.plan",
        "prepare": "ipip.train.run",
        "train_run": "ipip.train.run",
    },
)
