"""The number of trained parameters of a model file."""

from __future__ import annotations

import os

from ipip.export.reading import read_weights

# Buffers, set by arguments, elements or energy scale, which no optimiser changes.
NOT_TRAINED = ("basis.", "core.", "reference_energies", "scale", "shift")


def parameters_of(path: str | os.PathLike[str]) -> int:
    """Return the number of trained parameters in the file at `path`; shared ones count once.

    Raises:
        InputError: as `read_weights`.
    """
    metadata, arrays = read_weights(path)
    shared = bool(metadata.arguments.get("shared_filters"))
    return sum(
        array.size
        for name, array in arrays.items()
        if not name.startswith(NOT_TRAINED)
        and not (shared and name.startswith("filters.") and not name.startswith("filters.0."))
    )
