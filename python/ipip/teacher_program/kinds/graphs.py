"""Labels of several structures evaluated as one graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def as_numpy(tensor: Any) -> np.ndarray:
    """Return a tensor's values."""
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def split_labels(
    structures: Sequence[Any], energies: np.ndarray, forces: np.ndarray, stresses: np.ndarray
) -> list[dict[str, Any]]:
    """Return the labels of each structure.

    Args:
        structures: in the order of the graph.
        energies: [n_structures] eV.
        forces: [atoms of all, 3] eV/Å; further rows are padding.
        stresses: [n_structures, 3, 3] eV/Å^3.
    """
    ends = np.cumsum([len(structure) for structure in structures])
    parts = np.split(forces[: ends[-1]], ends[:-1])
    return [
        {"energy": float(energy), "forces": part, "stress": stress}
        for energy, part, stress in zip(energies, parts, stresses, strict=True)
    ]
