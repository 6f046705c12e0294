"""Loads a model file into libipip, the evaluator that LAMMPS uses too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ipip.errors import InputError
from ipip.export.digest import weights_digest
from ipip.export.model_file import read_metadata
from ipip.native import core as _core

if TYPE_CHECKING:
    from ipip.models import Student


def load_core_student(
    path: str | os.PathLike[str],
    backend: str = "auto",
    threads: int = 1,
    student: Student | None = None,
) -> _core.Student:
    """Load a student that libipip evaluates on the CPU.

    Args:
        path: the model file.
        backend: `kernels` (written by hand, for PaiNN), `auto` (the same), or `torchscript` (any
            student, by the program in the file: only for files from people you trust); or an old
            name (docs/kernels.md).
        threads: of one evaluation, 1 or more.
        student: what was read from the file before, and is used beside.

    Raises:
        InputError: the file is not a student, or by now another one; or an option is wrong or
            cannot be had.
    """
    try:
        loaded = _core.Student(os.fsencode(path), backend=backend, threads=threads)
    except _core.CoreError as error:
        raise InputError(str(error)) from None
    if student is not None:
        require_unchanged(path, student)
    return loaded


def require_unchanged(path: str | os.PathLike[str], student: Student) -> None:
    """Check that a file still holds the student that was read from it.

    Raises:
        InputError: it was replaced since.
    """
    if weights_digest(student.state_dict()) != read_metadata(path).weights_digest:
        raise InputError(
            f"{os.fspath(path)}: was replaced by another student while it was read; try again"
        )


def has_kernels(path: str | os.PathLike[str]) -> bool:
    """Tell whether the hand-written kernels run the student in a file.

    Raises:
        InputError: the file is not a student.
    """
    try:
        return not _core.kernels_refusal(os.fsencode(path))
    except _core.CoreError as error:
        raise InputError(str(error)) from None
