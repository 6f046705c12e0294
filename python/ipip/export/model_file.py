"""Writes model files, and reads them as networks.

A model file is a TorchScript archive with two plain records among its extra files, see
:mod:`ipip.export.reading`. All but `load_scripted` reads these two alone.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any

import torch

from ipip.errors import InputError, IpipError
from ipip.export.archive import Archive
from ipip.export.contradictions import student_of
from ipip.export.describe import describe
from ipip.export.digest import METADATA, WEIGHTS, arrays_digest, code_digest
from ipip.export.extra_records import without_debug_records
from ipip.export.metadata import Metadata
from ipip.export.reading import weights_of
from ipip.export.safetensors import to_safetensors
from ipip.models import Student, build_student
from ipip.storage.atomic import replaced_file

_DEPRECATED = r".*torch\.jit\."  # torch's warning, whose category depends on its version


def save_student(
    student: Student,
    path: str | os.PathLike[str],
    *,
    training_digest: str | None = None,
    training: dict[str, Any] | None = None,
) -> Metadata:
    """Write a student as a model file for Python and LAMMPS, whole or not at all.

    Args:
        student: the student; not changed.
        path: of the file.
        training_digest: digest of the training set.
        training: further provenance (settings, metrics), as JSON values.

    Returns:
        The metadata written.

    Raises:
        InputError: the student's class has no `citation`, or its architecture is unknown.
    """
    target = Path(path)
    scripted = _script(student)
    weights = to_safetensors(
        {name: value.detach().cpu().numpy() for name, value in student.state_dict().items()}
    )
    metadata = describe(
        student,
        code_digest=_digest(_archive(scripted, {})),
        training_digest=training_digest,
        training=training,
    )
    data = _archive(scripted, {METADATA: metadata.to_json().encode(), WEIGHTS: weights})
    if _digest(data) != metadata.code_digest:
        raise IpipError(
            f"{target}: TorchScript wrote the same module in two ways; no file was written"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(target) as temporary:
        temporary.write_bytes(data)
    return metadata


def _script(student: Student) -> torch.jit.ScriptModule:
    fresh = build_student(student.architecture, student.symbols, **student.arguments)
    fresh.load_state_dict({name: value.cpu() for name, value in student.state_dict().items()})
    fresh.eval().requires_grad_(False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_DEPRECATED)
        return torch.jit.script(fresh)


def _archive(scripted: torch.jit.ScriptModule, extra: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    names = {record.removeprefix("extra/"): data for record, data in extra.items()}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_DEPRECATED)
        torch.jit.save(scripted, buffer, _extra_files=names)
    return without_debug_records(buffer.getvalue())


def _digest(data: bytes) -> str:
    with Archive(io.BytesIO(data), "the module") as archive:
        return code_digest(archive)


def load_student(path: str | os.PathLike[str], device: str = "cpu") -> Student:
    """Load a student as a trainable module; no code in the file is run.

    Its weights are read as plain arrays, their digest is checked, and the network is this
    package's. `read_metadata` returns the rest of the file's content.

    Args:
        path: the model file.
        device: torch device of the student.

    Raises:
        InputError: as `read_metadata`, or weights and metadata contradict each other.
    """
    with Archive(Path(path)) as archive:
        metadata, arrays = weights_of(archive)
    return student_of(metadata, arrays, str(path)).to(device)


def load_scripted(
    path: str | os.PathLike[str], device: str = "cpu"
) -> tuple[torch.jit.ScriptModule, Metadata]:
    """Load the TorchScript module itself, which runs code from the file.

    Only for files from people you trust, as with ``backend torchscript`` in LAMMPS. The digests of
    the weights and, from version 2 on, of the code are checked before, and the module's weights
    against the plain ones afterwards. This detects damage, not malice.

    Args:
        path: the model file.
        device: torch device of the module.

    Raises:
        InputError: as `load_student`, or the archive is damaged.
    """
    with Archive(Path(path)) as archive:
        metadata, arrays = weights_of(archive)
        student_of(metadata, arrays, str(path))
        if metadata.code_digest not in (None, code_digest(archive)):
            raise archive.refused(
                f"the digest of its TorchScript is not {str(metadata.code_digest)[:19]}..., as in "
                "its metadata, so the file was changed"
            )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=_DEPRECATED)
            with open(path, "rb") as file:  # torch accepts only names in UTF-8
                scripted = torch.jit.load(file, map_location=device)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{path}: TorchScript cannot load it ({reason}); export it again"
        ) from None
    state = {name: value.cpu().numpy() for name, value in scripted.state_dict().items()}
    if arrays_digest(state) != metadata.weights_digest:
        raise InputError(
            f"{path}: the weights of its TorchScript differ from ipip.safetensors; export the "
            "student again"
        )
    return scripted, metadata
