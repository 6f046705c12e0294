"""The allowed arguments of a student, checked before anything is built."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from ipip.errors import InputError

# Upper limits are far beyond usable students, and far below the size of memory.
RANGES: dict[str, tuple[float, float]] = {
    "cutoff": (0.5, 50.0),  # Å
    "channels": (2, 4096),
    "layers": (1, 100),
    "attention_heads": (1, 4096),
    "n_radial": (2, 4096),
    "n_heads": (1, 1024),
}
UNITS = {"cutoff": " Å"}
KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a name",
}


def check_arguments(architecture: str, student_class: type, arguments: Mapping[str, Any]) -> None:
    """Compare arguments with the annotations of a student's constructor and with `RANGES`.

    Raises:
        InputError: an argument is unknown, of another type, or out of its range.
    """
    parameters = dict(inspect.signature(student_class, eval_str=True).parameters)
    parameters.pop("symbols")
    for name, value in arguments.items():
        if name not in parameters:
            raise InputError(
                f"{architecture} has no argument {name[:60]!r}; it has {', '.join(parameters)}"
            )
        _check_kind(name, value, parameters[name].annotation)
        least, most = RANGES.get(name, (-math.inf, math.inf))
        if name in RANGES and not least <= value <= most:
            unit = UNITS.get(name, "")
            raise InputError(
                f"{name} is {str(value)[:60]}{unit}; expected {least:g} to {most:g}{unit}"
            )


def _check_kind(name: str, value: Any, kind: Any) -> None:
    if kind not in KINDS:
        return
    fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits:
        raise InputError(f"{name} is {str(repr(value))[:60]}; expected {KINDS[kind]}")
