"""The record of a model file that holds an uncertainty, `ipip-uncertainty.safetensors`.

Arrays `whitening`, `means`, `scores` and `errors` in float64, and among the texts beside them what
they were fitted on and the digest of the weights that they belong to. Who reads a model file and
does not know of it finds what it always found.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from ipip.errors import InputError
from ipip.export.archive import Archive
from ipip.export.extra_records import with_records
from ipip.export.metadata import Metadata
from ipip.export.reading import metadata_of, read_metadata
from ipip.export.safetensors import Arrays, from_safetensors, texts_of, to_safetensors
from ipip.storage.atomic import replaced_file
from ipip.uncertainty.calibration import Calibration
from ipip.uncertainty.density import Density
from ipip.uncertainty.model import Uncertainty

RECORD = "extra/ipip-uncertainty.safetensors"


def with_uncertainty(data: bytes, uncertainty: Uncertainty, digest: str, name: str) -> bytes:
    """Return a model file with an uncertainty, in the place of the one that it has.

    Args:
        data: the model file.
        uncertainty: of the student in it.
        digest: of the weights that the uncertainty was fitted to.
        name: of the file, in messages.

    Raises:
        InputError: the file is not a student.
    """
    return with_records(data, {RECORD: _encoded(uncertainty, digest)}, name)


def write_uncertainty(path: Path, uncertainty: Uncertainty, target: Path | None = None) -> None:
    """Add an uncertainty to a model file, or replace it; the file appears whole or not.

    Args:
        path: the model file.
        uncertainty: of the student in it.
        target: file to write instead of `path`.

    Raises:
        InputError: the file is not a student.
    """
    digest = read_metadata(path).weights_digest
    data = with_uncertainty(path.read_bytes(), uncertainty, digest, str(path))
    written = target or path
    written.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(written) as temporary:
        temporary.write_bytes(data)


def read_uncertainty(path: str | os.PathLike[str]) -> Uncertainty | None:
    """Read and check the uncertainty of a model file; None where it has none.

    Args:
        path: of the model file.

    Raises:
        InputError: the file is not a student, or the record is damaged or of other weights.
    """
    with Archive(Path(path)) as archive:
        metadata = metadata_of(archive)
        if RECORD not in archive.records:
            return None
        try:
            return _decoded(archive.read(RECORD), metadata)
        except (ValueError, KeyError, TypeError) as error:
            raise archive.refused(
                f"its ipip-uncertainty.safetensors cannot be read ({error})"
            ) from None


def carry_uncertainty(source: Path, target: Path) -> None:
    """Give a student that was written anew what the file it came from says of its errors.

    Args:
        source: model file, with or without an uncertainty.
        target: the same student, in another precision perhaps.

    Raises:
        InputError: a file is not a student.
    """
    known = read_uncertainty(source)
    if known is not None:
        write_uncertainty(target, known)


def require_uncertainty(path: str | os.PathLike[str]) -> Uncertainty:
    """Read the uncertainty of a model file that must have one.

    Raises:
        InputError: as `read_uncertainty`, or it has none.
    """
    uncertainty = read_uncertainty(path)
    if uncertainty is None:
        raise InputError(missing_uncertainty(path))
    return uncertainty


def missing_uncertainty(path: str | os.PathLike[str]) -> str:
    """Say that a model file has no uncertainty, and what to do."""
    return (
        f"{os.fspath(path)}: does not say what errors to expect; add that with `ipip uncertainty "
        f"{os.fspath(path)} FRAMES`, labelled frames that it was not trained on"
    )


def _encoded(uncertainty: Uncertainty, digest: str) -> bytes:
    density, calibration = uncertainty.density, uncertainty.calibration
    arrays = {
        "whitening": density.whitening,
        "means": density.means,
        "scores": calibration.scores,
        "errors": calibration.errors,
    }
    said = {
        "method": "mahalanobis",
        "training_atoms": density.atoms.tolist(),
        "quantile": calibration.quantile,
        "factor": calibration.factor,
        "fitted_on": uncertainty.fitted_on,
    }
    texts = {"weights_digest": digest, "uncertainty": json.dumps(said, sort_keys=True)}
    return to_safetensors(arrays, texts)


def _decoded(data: bytes, metadata: Metadata) -> Uncertainty:
    texts, arrays = texts_of(data), from_safetensors(data)
    if texts.get("weights_digest") != metadata.weights_digest:
        raise ValueError("it was fitted to other weights")
    said = json.loads(texts["uncertainty"])
    if not isinstance(said, dict) or not isinstance(said["fitted_on"], dict):
        raise ValueError("what it says of itself is no JSON object")
    _check_arrays(arrays, len(metadata.symbols))
    return Uncertainty(
        Density(
            arrays["means"],
            arrays["whitening"],
            np.array(said["training_atoms"], dtype=np.int64),
        ),
        Calibration(
            arrays["scores"], arrays["errors"], float(said["quantile"]), float(said["factor"])
        ),
        said["fitted_on"],
    )


def _check_arrays(arrays: Arrays, n_species: int) -> None:
    means, scores = arrays["means"], arrays["scores"]
    width, knots = means.shape[-1], scores.shape[-1]
    shapes = {
        "whitening": (n_species, width, width),
        "means": (n_species, width),
        "scores": (n_species, knots),
        "errors": (n_species, knots),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape or 0 in shape:
            raise ValueError(f"its array {name} has shape {arrays[name].shape}, expected {shape}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"its array {name} has a number that is not finite")
    rises = (np.diff(scores) > 0).all() and (np.diff(arrays["errors"]) >= 0).all()
    if not (rises and (scores > 0).all() and (arrays["errors"] > 0).all()):
        raise ValueError("its knots do not rise")
