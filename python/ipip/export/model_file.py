"""Writes and reads model files: a TorchScript archive with `ipip.json` among its extra files."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from ipip.errors import InputError
from ipip.export.digest import weights_digest
from ipip.export.metadata import Metadata, describe
from ipip.models import Student, build_student

EXTRA_FILE = "ipip.json"


def save_student(
    student: Student,
    path: str | os.PathLike[str],
    *,
    training_digest: str | None = None,
    training: dict[str, Any] | None = None,
) -> Metadata:
    """Write a student as a model file that Python and LAMMPS load; the file appears whole or not.

    Args:
        student: the student; it is left as it is.
        path: where to write.
        training_digest: digest of the training set.
        training: free provenance (settings, metrics), as JSON values.

    Returns:
        The metadata written.
    """
    target = Path(path)
    metadata = describe(student, training_digest=training_digest, training=training)
    scripted = _script(student)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=DeprecationWarning)
        torch.jit.save(scripted, buffer, _extra_files={EXTRA_FILE: metadata.to_json().encode()})
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(buffer.getbuffer())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return metadata


def _script(student: Student) -> torch.jit.ScriptModule:
    fresh = build_student(student.architecture, student.symbols, **student.arguments)
    fresh.load_state_dict({name: value.cpu() for name, value in student.state_dict().items()})
    fresh.eval().requires_grad_(False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=DeprecationWarning)
        return torch.jit.script(fresh)


def read_metadata(path: str | os.PathLike[str]) -> Metadata:
    """Read and check the metadata of a model file without loading the model.

    Raises:
        InputError: there is no such file, it is cut off, or it is not a student.
    """
    file = Path(path)
    if not file.exists():
        raise InputError(f"{file}: there is no such file; give the path of a student (.pt)")
    if not file.is_file():
        raise InputError(f"{file}: this is a folder; give the path of a student (.pt)")
    try:
        with zipfile.ZipFile(file) as archive:
            names = [n for n in archive.namelist() if n.endswith(f"/extra/{EXTRA_FILE}")]
            scripted = any(n.endswith("/constants.pkl") for n in archive.namelist())
            text = archive.read(names[0]).decode() if names else ""
    except (zipfile.BadZipFile, OSError, EOFError, UnicodeDecodeError):
        raise InputError(
            f"{file}: this is not a TorchScript archive, or it is cut off "
            f"({file.stat().st_size} bytes); copy it again or export the student again"
        ) from None
    if not names:
        what = "a TorchScript file" if scripted else "an archive"
        raise InputError(
            f"{file}: {what} without {EXTRA_FILE}, so not an ipip student; export one with "
            "`ipip export`"
        )
    return Metadata.from_json(text, str(file))


def load_scripted(
    path: str | os.PathLike[str], device: str = "cpu"
) -> tuple[torch.jit.ScriptModule, Metadata]:
    """Load the TorchScript module itself, as LAMMPS does.

    Raises:
        InputError: as `read_metadata`, or the archive is damaged.
    """
    metadata = read_metadata(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", category=DeprecationWarning)
            with open(path, "rb") as file:  # torch takes names in UTF-8 alone
                scripted = torch.jit.load(file, map_location=device)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{path}: TorchScript cannot load it ({reason}); export it again"
        ) from None
    return scripted, metadata


def load_student(path: str | os.PathLike[str], device: str = "cpu") -> tuple[Student, Metadata]:
    """Load a student as a module that can be trained on, and check its weights' digest.

    Raises:
        InputError: as `load_scripted`, or weights and metadata do not belong together.
    """
    scripted, metadata = load_scripted(path)
    state = scripted.state_dict()
    if weights_digest(state) != metadata.weights_digest:
        raise InputError(
            f"{path}: the weights' digest is not {metadata.weights_digest[:19]}... as its metadata "
            "says; the file was changed, export the student again"
        )
    student = build_student(metadata.architecture, metadata.symbols, **metadata.arguments)
    try:
        student.load_state_dict(state)
    except RuntimeError:
        raise InputError(
            f"{path}: its weights do not fit {metadata.architecture} with {metadata.arguments}; "
            "export the student again"
        ) from None
    return student.to(device), metadata
