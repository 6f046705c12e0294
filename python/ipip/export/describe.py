"""The metadata of a student in memory."""

from __future__ import annotations

import platform
from typing import Any

import torch

import ipip
from ipip.errors import InputError
from ipip.export.digest import weights_digest
from ipip.export.metadata import Metadata
from ipip.models import Student


def describe(
    student: Student,
    *,
    code_digest: str,
    training_digest: str | None,
    training: dict[str, Any] | None,
) -> Metadata:
    """Return a student's metadata; `code_digest` is of its TorchScript.

    Raises:
        InputError: the student has no citation, which LAMMPS prints.
    """
    if not student.citation.strip():
        raise InputError(
            f"{type(student).__name__} has no citation; set `citation` in its class, LAMMPS prints "
            "it among the papers to cite"
        )
    energies = student.reference_energies.tolist()
    return Metadata(
        architecture=student.architecture,
        arguments=student.arguments,
        symbols=student.symbols,
        cutoff=student.cutoff,
        layers=student.layers,
        halo_widths=student.halo_widths,
        dtype=student.dtype_name,  # type: ignore[arg-type]  # checked by the student
        reference_energies=dict(zip(student.symbols, energies, strict=True)),
        n_heads=student.n_heads,
        weights_digest=weights_digest(student.state_dict()),
        code_digest=code_digest,
        training_digest=training_digest,
        versions={
            "ipip": ipip.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        citation=student.citation,
        training=training or {},
    )
