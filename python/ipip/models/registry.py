"""Students by the name of their architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ipip.errors import InputError
from ipip.models.arguments import check_arguments
from ipip.models.painn import PaiNN
from ipip.models.student import Student
from ipip.models.visnet import ViSNet

ARCHITECTURES: dict[str, type[Student]] = {"painn": PaiNN, "visnet": ViSNet}
"""The class of each kind of student by its name in settings and model files."""


def build_student(
    architecture: str, symbols: Sequence[str], *, seed: int | None = None, **arguments: Any
) -> Student:
    """Build a student with new weights.

    Args:
        architecture: one of `ARCHITECTURES`.
        symbols: chemical symbols in type order.
        seed: seed of the weights; None draws from torch's global generator.
        **arguments: keyword arguments of the architecture (see its class).

    Returns:
        The student, on the CPU.

    Raises:
        InputError: unknown architecture, argument, element or value.
    """
    if architecture not in ARCHITECTURES:
        raise InputError(
            f"student architecture {architecture!r} is unknown; expected one of "
            f"{', '.join(sorted(ARCHITECTURES))}"
        )
    student_class = ARCHITECTURES[architecture]
    check_arguments(architecture, student_class, arguments)
    if seed is None:
        return student_class(symbols, **arguments)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return student_class(symbols, **arguments)
