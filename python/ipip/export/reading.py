"""Reads model files as data, metadata and weights, without running code or importing torch.

A model file is a TorchScript archive with two plain records among its extra files: `ipip.json`, the
metadata, and `ipip.safetensors`, the weights. This module reads only these two.
"""

from __future__ import annotations

import os
from pathlib import Path

from ipip.errors import InputError
from ipip.export.archive import Archive
from ipip.export.digest import METADATA, WEIGHTS, arrays_digest
from ipip.export.metadata import Metadata
from ipip.export.pickled_arrays import read_pickled_arrays
from ipip.export.safetensors import Arrays, from_safetensors

LARGEST_METADATA = 4 << 20  # bytes; a student has 1 KB


def read_metadata(path: str | os.PathLike[str]) -> Metadata:
    """Read and check the metadata of a model file, without its weights.

    Args:
        path: the model file.

    Raises:
        InputError: there is no such file, it is truncated, or it is not a student.
    """
    with Archive(Path(path)) as archive:
        return metadata_of(archive)


def read_weights(path: str | os.PathLike[str]) -> tuple[Metadata, Arrays]:
    """Return metadata and weights of the file at `path`; check the digest of the weights.

    `load_student`, or libipip, checks whether they describe the same student.

    Raises:
        InputError: as `read_metadata`, or the weights are damaged or do not match the metadata.
    """
    with Archive(Path(path)) as archive:
        return weights_of(archive)


def metadata_of(archive: Archive) -> Metadata:
    """Read the metadata of an open archive, as `read_metadata`."""
    if METADATA not in archive.records:
        scripted = "constants.pkl" in archive.records
        what = "a TorchScript file" if scripted else "an archive"
        raise InputError(
            f"{archive.name}: {what} without ipip.json, so not an ipip student; export one with "
            "`ipip export`"
        )
    try:
        text = archive.read(METADATA, LARGEST_METADATA).decode()
    except UnicodeDecodeError:
        raise archive.refused("its metadata is not text") from None
    return Metadata.from_json(text, archive.name)


def weights_of(archive: Archive) -> tuple[Metadata, Arrays]:
    """Read metadata and weights of an open archive, as `read_weights`."""
    metadata = metadata_of(archive)
    try:
        if metadata.format_version == 1:
            arrays = read_pickled_arrays(archive)
        else:
            arrays = from_safetensors(archive.read(WEIGHTS))
    except ValueError as error:
        raise archive.refused(f"its weights cannot be read ({error})") from None
    if arrays_digest(arrays) != metadata.weights_digest:
        raise archive.refused(
            f"the weights' digest is not {metadata.weights_digest[:19]}..., as in its metadata, "
            "so the file was changed"
        )
    return metadata, arrays
