"""Evaluation of students: predictions of model files, and their errors against labels.

Students with kernels need no PyTorch.
"""

from ipip.evaluation.checked_uncertainty import add_checked_uncertainty
from ipip.evaluation.evaluate_file import evaluate_file
from ipip.evaluation.features import frame_features
from ipip.evaluation.metrics import Metrics, energy_errors, force_errors, metrics
from ipip.evaluation.predict_file import label_frames, predict_file
from ipip.evaluation.students import BACKENDS, OpenStudent, open_student

__all__ = [
    "BACKENDS",
    "Metrics",
    "OpenStudent",
    "add_checked_uncertainty",
    "energy_errors",
    "evaluate_file",
    "force_errors",
    "frame_features",
    "label_frames",
    "metrics",
    "open_student",
    "predict_file",
]
