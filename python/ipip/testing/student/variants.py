"""The student in other precisions and depths, with weights that do not hide errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ipip.errors import InputError
from ipip.models import ARCHITECTURES, Student


def require_registered(student: Student) -> None:
    """Check that a student can be read from a file.

    Raises:
        InputError: its architecture is not this class in the registry.
    """
    if not isinstance(student, Student):
        raise InputError(
            f"student is a {type(student).__name__}; expected an object of a subclass of "
            "ipip.models.Student"
        )
    kind, name = type(student), student.architecture
    if ARCHITECTURES.get(name) is not kind:
        raise InputError(
            f"architecture {name!r} is not registered as {kind.__name__}, so no file of it can be "
            f"written or read; add it: ipip.models.ARCHITECTURES[{name!r}] = {kind.__name__}"
        )


def variant(student: Student, **changes: Any) -> Student:
    """Build a student from its arguments, some of them changed, with the weights that match."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        other = type(student)(student.symbols, **(student.arguments | changes))  # type: ignore[call-arg]
    own = student.state_dict()
    state = {
        name: own[name] if name in own and own[name].shape == value.shape else value
        for name, value in other.state_dict().items()
    }
    other.load_state_dict(state)
    return other


def unhidden(student: Student, spread: float, **changes: Any) -> Student:
    """Build a variant in float64 with nonzero, different biases, norms and atomic energies.

    Args:
        student: with arguments and weights; not changed.
        spread: standard deviation of noise added to parameters of one dimension.
        **changes: changed arguments.
    """
    other = variant(student, **({"dtype": "float64"} | changes))
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in other.parameters():
            if parameter.dim() == 1:
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.add_(spread * noise.to(parameter.dtype))
    energies = -1.0 - np.arange(len(other.symbols), dtype=np.float64)[::-1].copy()
    other.set_energy_scale(torch.as_tensor(energies), 1.3, 0.1)
    return other
