"""The record of the uncertainty in a model file, `ipip-uncertainty.safetensors`.

It holds the arrays `whitening`, `means`, `scores` and `errors` in float64, and as texts the data of
the fits and the digest of the student's weights. Readers of model files that do not know the record
are not affected.
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
    """Return a model file with an uncertainty added or replaced.

    Args:
        data: the model file.
        uncertainty: of the student in it.
        digest: of the weights for which it was fitted.
        name: of the file, for messages.

    Raises:
        InputError: the file is not a student.
    """
    return with_records(data, {RECORD: _encoded(uncertainty, digest)}, name)


def write_uncertainty(path: Path, uncertainty: Uncertainty, target: Path | None = None) -> None:
    """Add an uncertainty to a model file, or replace it; the file is written atomically.

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
    """Read and check the uncertainty of a model file; None if it has none.

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
    """Copy the uncertainty of a model file to a rewritten file of the same student.

    Args:
        source: model file, with or without an uncertainty.
        target: the same student, perhaps in another precision.

    Raises:
        InputError: a file is not a student.
    """
    uncertainty = read_uncertainty(source)
    if uncertainty is not None:
        write_uncertainty(target, uncertainty)


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
    """Return the message on a model file without uncertainty, with the remedy."""
    return (
        f"{os.fspath(path)}: has no expected errors; add them with `ipip uncertainty "
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
    record = {
        "method": "mahalanobis",
        "training_atoms": density.atoms.tolist(),
        "quantile": calibration.quantile,
        "factor": calibration.factor,
        "fitted_on": uncertainty.fitted_on,
    }
    texts = {"weights_digest": digest, "uncertainty": json.dumps(record, sort_keys=True)}
    return to_safetensors(arrays, texts)


def _decoded(data: bytes, metadata: Metadata) -> Uncertainty:
    texts, arrays = texts_of(data), from_safetensors(data)
    if texts.get("weights_digest") != metadata.weights_digest:
        raise ValueError("it was fitted to other weights")
    record = json.loads(texts["uncertainty"])
    if not isinstance(record, dict) or not isinstance(record["fitted_on"], dict):
        raise ValueError("its description is not a JSON object")
    _check_arrays(arrays, len(metadata.symbols))
    return Uncertainty(
        Density(
            arrays["means"],
            arrays["whitening"],
            np.array(record["training_atoms"], dtype=np.int64),
        ),
        Calibration(
            arrays["scores"], arrays["errors"], float(record["quantile"]), float(record["factor"])
        ),
        record["fitted_on"],
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
