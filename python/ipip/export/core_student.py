"""Loads a model file into libipip, the evaluator that LAMMPS also uses."""

from __future__ import annotations

import os

from ipip.errors import InputError
from ipip.export.metadata import Metadata
from ipip.export.reading import read_metadata
from ipip.native import core as _core


def load_core_student(
    path: str | os.PathLike[str],
    backend: str = "auto",
    threads: int = 1,
    metadata: Metadata | None = None,
    device: str = "cpu",
) -> _core.Student:
    """Load a student into libipip.

    libipip compares the digest of the weights and the fields of the file with each other.

    Args:
        path: the model file.
        backend: `kernels` (written by hand, for PaiNN), `auto` (the same), or `torchscript` (any
            student, by the program in the file: only for files from people you trust); or an old
            name (docs/kernels.md).
        threads: of one evaluation, 1 or more.
        metadata: read from the file before, and used together with the result.
        device: `cpu`, `cuda[:N]` or `emulate` (docs/gpu.md).

    Raises:
        InputError: the file is not a student, or has been replaced; or an option is wrong or
            unavailable.
    """
    try:
        loaded = _core.Student(
            os.fsencode(path),
            backend=backend,
            threads=threads,
            device="cuda:0" if device == "cuda" else device,
        )
    except _core.CoreError as error:
        raise InputError(str(error)) from None
    if metadata is not None:
        require_unchanged(path, metadata, loaded.weights_digest)
    return loaded


def check_file(path: str | os.PathLike[str]) -> Metadata:
    """Check the whole model file at `path`, including weights, and return its metadata.

    Raises:
        InputError: the file is not a student, or its parts contradict each other.
    """
    metadata = read_metadata(path)
    try:
        digest = _core.check_file(os.fsencode(path))
    except _core.CoreError as error:
        raise InputError(str(error)) from None
    require_unchanged(path, metadata, digest)
    return metadata


def require_unchanged(path: str | os.PathLike[str], metadata: Metadata, digest: str) -> None:
    """Check that the metadata and the weights that were read belong to one student.

    Raises:
        InputError: the file was replaced in between.
    """
    if metadata.weights_digest != digest:
        raise InputError(
            f"{os.fspath(path)}: was replaced by another student while it was read; try again"
        )


def kernels_refusal(path: str | os.PathLike[str]) -> str:
    """Return why the kernels cannot run the student in the file at `path`; empty if they can.

    Raises:
        InputError: the file is not a student.
    """
    try:
        return _core.kernels_refusal(os.fsencode(path))
    except _core.CoreError as error:
        raise InputError(str(error)) from None


def has_kernels(path: str | os.PathLike[str]) -> bool:
    """Return whether the hand-written kernels run the student in the model file at `path`.

    Raises:
        InputError: the file is not a student.
    """
    return not kernels_refusal(path)
