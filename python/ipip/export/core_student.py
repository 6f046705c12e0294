"""Loads a model file into libipip, the evaluator that LAMMPS uses too."""

from __future__ import annotations

import os

from ipip.errors import InputError
from ipip.native import core as _core


def load_core_student(
    path: str | os.PathLike[str], backend: str = "auto", threads: int = 1
) -> _core.Student:
    """Load a student that libipip evaluates on the CPU.

    Args:
        path: the model file.
        backend: `fused` (hand-written kernels, for PaiNN), `auto` (the same), or `torchscript`
            (any student, by the program in the file: only for files from people you trust).
        threads: of one evaluation, 1 or more.

    Raises:
        InputError: the file is not a student, or an option is wrong or cannot be had.
    """
    try:
        return _core.Student(os.fsencode(path), backend=backend, threads=threads)
    except _core.CoreError as error:
        raise InputError(str(error)) from None


def has_kernels(path: str | os.PathLike[str]) -> bool:
    """Tell whether the hand-written kernels run the student in a file.

    Raises:
        InputError: the file is not a student.
    """
    try:
        return not _core.kernels_refusal(os.fsencode(path))
    except _core.CoreError as error:
        raise InputError(str(error)) from None
