"""Frozen layers of a training."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ipip.errors import InputError
from ipip.models import Student


def freeze(student: Student, patterns: Sequence[str]) -> list[str]:
    """Exclude parameters from training by name.

    Args:
        student: changed in place (`requires_grad`).
        patterns: names, in which `*` matches any text.

    Returns:
        The names of all parameters that do not train.

    Raises:
        InputError: a pattern matches no parameter, or none remains to train.
    """
    parameters = dict(student.named_parameters())
    for pattern in patterns:
        matching = [name for name in parameters if fnmatchcase(name, pattern)]
        if not matching:
            groups = sorted({name.rsplit(".", 1)[0] for name in parameters})
            raise InputError(
                f"freeze: {pattern!r} matches no parameter of the student; its parts are "
                f"{', '.join(groups)} (write * for any text, as in {groups[0].split('.')[0]}*)"
            )
        for name in matching:
            parameters[name].requires_grad_(False)
    frozen = [name for name, parameter in parameters.items() if not parameter.requires_grad]
    if len(frozen) == len(parameters):
        raise InputError(f"freeze: {', '.join(patterns)} leaves no parameter to train")
    return frozen
