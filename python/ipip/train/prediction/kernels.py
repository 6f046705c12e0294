"""The backend that evaluates a student: compiled kernels, or the network in PyTorch (eager)."""

from __future__ import annotations

import functools
import logging
from typing import Literal, Protocol, cast

from torch import Tensor

from ipip.config.training import TrainingSettings
from ipip.errors import InputError
from ipip.models import Student
from ipip.models.painn import PaiNN
from ipip.native import current_backend_name
from ipip.network import energy_and_forces
from ipip.network.flat_weights import FlatWeights
from ipip.train.prediction.device_kernels import DevicePainnKernels, device_refusal
from ipip.train.prediction.painn_kernels import PainnKernels, refusal

Kernels = Literal["auto", "kernels", "eager"]

UNMEASURED = "no GPU has run its kernels yet; kernels: kernels uses them"

log = logging.getLogger(__name__)


class EnergyForces(Protocol):
    """`ipip.network.energy_and_forces` of one student, which reads its weights at each call."""

    def __call__(
        self,
        species: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        frame_of_atom: Tensor | None = None,
        n_frames: int = 1,
        *,
        create_graph: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return energy [n_frames], forces [n, 3] and strain derivative [n_frames, 3, 3]."""


def energy_forces_of(
    student: Student,
    kernels: Kernels = "auto",
    *,
    weights: FlatWeights | None = None,
    log_choice: bool = False,
) -> EnergyForces:
    """Choose the backend of a student, for training and for prediction.

    Args:
        student: on the device that it will stay on.
        kernels: `kernels`, `eager`, or `auto` for the kernels if they run the student; on a GPU
            `auto` is `eager`.
        weights: the trainable ones, if a training holds them as one tensor.
        log_choice: write a line on the choice and its reason.

    Raises:
        InputError: `kernels`, which cannot run this student.
    """
    kernels = current_backend_name(kernels)
    check_kernels(student, kernels)
    level = logging.INFO if log_choice else logging.DEBUG
    reason = "by the settings" if kernels == "eager" else _refusal(student)
    if not reason and kernels == "auto" and _on_gpu(student):
        reason = UNMEASURED
    if reason:
        log.log(level, "backend: eager (%s)", reason)
        return functools.partial(energy_and_forces, student)
    evaluate: PainnKernels | DevicePainnKernels
    if _on_gpu(student):
        evaluate = DevicePainnKernels(cast(PaiNN, student))
    else:
        evaluate = PainnKernels(cast(PaiNN, student), weights=weights)
    log.log(level, "backend: %s", evaluate.description)
    return evaluate


def kernels_of_steps(settings: TrainingSettings) -> Kernels:
    """Return the backend of training steps: a lower precision needs PyTorch."""
    return settings.kernels if settings.precision == "full" else "eager"


def check_kernels(student: Student, kernels: Kernels) -> None:
    """Refuse `kernels` for a student that they cannot run.

    Raises:
        InputError: with the reason and a remedy.
    """
    if current_backend_name(kernels) == "kernels" and (reason := _refusal(student)):
        raise InputError(f"kernels is kernels, but {reason}; set kernels to auto or eager")


def _on_gpu(student: Student) -> bool:
    return next(student.parameters()).device.type == "cuda"


def _refusal(student: Student) -> str:
    return device_refusal(student) if _on_gpu(student) else refusal(student)
