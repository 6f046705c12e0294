"""Maps atomic numbers to a student's types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers, chemical_symbols

from ipip.errors import InputError


def species_index(numbers: npt.ArrayLike, symbols: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the index of each atom's element in `symbols`.

    Args:
        numbers: [n] atomic numbers.
        symbols: elements in type order.

    Returns:
        [n] indices.

    Raises:
        InputError: an element is not among `symbols`.
    """
    table = np.full(len(chemical_symbols), -1, dtype=np.int64)
    table[[atomic_numbers[s] for s in symbols]] = np.arange(len(symbols))
    z = np.asarray(numbers, dtype=np.int64)
    index = table[z]
    if (index < 0).any():
        missing = sorted({chemical_symbols[k] for k in z[index < 0]})
        raise InputError(
            f"the structure holds {', '.join(missing)}, but the student has only "
            f"{', '.join(symbols)}; use a student that was trained on these elements"
        )
    return index
