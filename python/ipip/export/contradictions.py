"""Checks that metadata, arguments and weights of a student agree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ipip.errors import InputError
from ipip.export.metadata import Metadata
from ipip.export.printable import printable
from ipip.models import Student, build_student

# Buffers that follow from the arguments and the elements, to rounding.
FIXED = ("basis.", "core.charges", "core.inverse_length")
ROUNDING = 1e-4


class _NoInitialValues(TorchFunctionMode):
    """Skips initialisation of weights, for which torch loads its compiler on the meta device."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in FILLING:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


FILLING = {
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.kaiming_uniform_,
    torch.Tensor.normal_,
    torch.Tensor.uniform_,
}


def student_of(metadata: Metadata, arrays: Mapping[str, np.ndarray], source: str) -> Student:
    """Build the student that metadata and weights describe, if they describe the same one.

    Nothing of the size in the arguments is allocated before the weights are checked to have the
    same size.

    Args:
        metadata: of the file.
        arrays: weights of the file.
        source: name of the file, for messages.

    Raises:
        InputError: an argument is wrong, or two fields contradict each other.
    """
    try:
        with torch.device("meta"), _NoInitialValues():  # shapes without memory
            outline = _build(metadata)
        _compare_fields(metadata, outline)
        _compare_shapes(outline, arrays)
        student = _build(metadata)
        _compare_values(metadata, student, arrays)
    except InputError as error:
        raise InputError(f"{source}: {printable(str(error))}") from None
    student.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    _compare_shared(student, arrays, source)
    return student


def _build(metadata: Metadata) -> Student:
    return build_student(metadata.architecture, metadata.symbols, **metadata.arguments)


def _contradiction(what: str, value: Any, expected: Any) -> InputError:
    return InputError(
        f"{what} is {str(value)[:60]}, expected {str(expected)[:60]}: the fields of the file "
        "contradict each other; export the student again"
    )


def _compare_shared(student: Student, arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Check that weights which the arguments share are equal in the file."""
    for name, value in student.state_dict().items():
        if value.numpy().tobytes() != arrays[name].tobytes():
            raise InputError(
                f"{source}: weight {name} differs from one that its arguments share it with: the "
                "fields of the file contradict each other; export the student again"
            )


def _compare_fields(metadata: Metadata, student: Student) -> None:
    for name in metadata.arguments.keys() - student.arguments.keys():
        raise _contradiction(f"arguments.{name}", metadata.arguments[name], "none of this name")
    for name, expected in (
        ("cutoff", student.cutoff),
        ("layers", student.layers),
        ("halo_widths", student.halo_widths),
        ("n_heads", student.n_heads),
        ("dtype", student.dtype_name),
    ):
        value = getattr(metadata, name)
        if value != expected:
            raise _contradiction(name, value, f"{expected} from its arguments")


def _compare_shapes(student: Student, arrays: Mapping[str, np.ndarray]) -> None:
    state = student.state_dict()
    for name in [*state, *arrays]:
        if name not in arrays:
            raise _contradiction(f"weight {name[:60]}", "missing", tuple(state[name].shape))
        if name not in state:
            raise _contradiction(f"weight {name[:60]}", "present", "none of this name")
        shape, dtype = tuple(state[name].shape), str(state[name].dtype).removeprefix("torch.")
        if arrays[name].shape != shape:
            raise _contradiction(f"weight {name}", f"of shape {arrays[name].shape}", shape)
        if str(arrays[name].dtype) != dtype:
            raise _contradiction(f"weight {name}", arrays[name].dtype, dtype)


def _compare_values(metadata: Metadata, student: Student, arrays: Mapping[str, np.ndarray]) -> None:
    of_weights = arrays["reference_energies"].tolist()
    for symbol, value in zip(metadata.symbols, of_weights, strict=True):
        stated = metadata.reference_energies[symbol]
        if stated != value:
            raise _contradiction(
                f"reference_energies.{symbol}", stated, f"that of the weights, {value}"
            )
    for name, fresh in student.named_buffers():
        if not name.startswith(FIXED):
            continue
        expected, array = fresh.double().numpy(), arrays[name].astype(float)
        largest = float(np.abs(expected).max())
        difference = float(np.abs(array - expected).max())
        if not (math.isfinite(difference) and difference <= ROUNDING * largest):
            raise _contradiction(
                f"weight {name}",
                f"{difference:.3g} away",
                "what cutoff, symbols and arguments give",
            )
