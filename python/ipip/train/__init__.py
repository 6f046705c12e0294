"""Training of students, and what they predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.config.training import TrainingSettings
from ipip.lazy import lazy_names
from ipip.train.energy_scale import set_energy_scale
from ipip.train.fit import FitResult, fit, steps_of
from ipip.train.metrics import Metrics, energy_errors, force_errors, metrics
from ipip.train.predict import frame_features, predict
from ipip.train.predict_file import labeller, predict_file
from ipip.train.restore import student_from_checkpoint

__all__ = [
    "FitResult",
    "FusedPaiNN",
    "Metrics",
    "Objective",
    "TrainPlan",
    "TrainingSettings",
    "energy_errors",
    "evaluate_student",
    "fit",
    "force_errors",
    "frame_features",
    "labeller",
    "metrics",
    "predict",
    "predict_file",
    "prepare",
    "set_energy_scale",
    "steps_of",
    "student_from_checkpoint",
    "train_run",
]

if TYPE_CHECKING:
    from ipip.train.evaluate_file import evaluate_file as evaluate_student
    from ipip.train.fused_painn import FusedPaiNN
    from ipip.train.objective import Objective
    from ipip.train.plan import TrainPlan
    from ipip.train.run import prepare, train_run

__getattr__ = lazy_names(
    __name__,
    {
        "FusedPaiNN": "ipip.train.fused_painn",
        "Objective": "ipip.train.objective",
        "TrainPlan": "ipip.train.plan",
        "evaluate_student": "ipip.train.evaluate_file:evaluate_file",
        "prepare": "ipip.train.run",
        "train_run": "ipip.train.run",
    },
)
