"""Training of students, and what they predict.

Needs the extra `train`.
"""

from ipip.config.training import TrainingSettings
from ipip.evaluation.metrics import Metrics, energy_errors, force_errors, metrics
from ipip.evaluation.predict_file import predict_file
from ipip.extras import explained

try:
    from ipip.train.energy_scale import set_energy_scale
    from ipip.train.fit import FitResult, fit, steps_of
    from ipip.train.labeller import labeller
    from ipip.train.predict import frame_features, predict
    from ipip.train.restore import student_from_checkpoint
except ModuleNotFoundError as error:
    raise explained(error, "training") from None

__all__ = [
    "FitResult",
    "Metrics",
    "TrainingSettings",
    "energy_errors",
    "fit",
    "force_errors",
    "frame_features",
    "labeller",
    "metrics",
    "predict",
    "predict_file",
    "set_energy_scale",
    "steps_of",
    "student_from_checkpoint",
]
