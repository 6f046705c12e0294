"""Chemical elements of a set of frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers, chemical_symbols

from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.graph.species import species_index


def elements_of(frames: Sequence[Frame]) -> list[str]:
    """Return the chemical symbols that occur in frames, by atomic number."""
    present = sorted({int(number) for frame in frames for number in np.unique(frame.numbers)})
    return [chemical_symbols[number] for number in present]


def check_elements(frames: Sequence[Frame], symbols: Sequence[str], what: str = "data") -> None:
    """Check that every element of the frames is one of `symbols`; `what` names them in messages.

    Raises:
        InputError: names the other elements, and the first frame with one.
    """
    known = np.array([atomic_numbers[symbol] for symbol in symbols])
    foreign: dict[str, int] = {}
    for index, frame in enumerate(frames):
        for number in np.setdiff1d(frame.numbers, known):
            foreign.setdefault(chemical_symbols[int(number)], index)
    if foreign:
        raise InputError(
            f"{what}: {', '.join(foreign)} (first in frame {min(foreign.values())}) is not among "
            "the "
            f"student's elements {' '.join(symbols)}; add it to them or remove such frames"
        )


def composition(frames: Sequence[Frame], symbols: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return [n_frames, n_species]: the number of atoms of each symbol in each frame.

    Args:
        frames: that are counted.
        symbols: of the elements, in the order of the columns.
    """
    counts = np.zeros((len(frames), len(symbols)))
    for row, frame in enumerate(frames):
        counts[row] = np.bincount(species_index(frame.numbers, symbols), minlength=len(symbols))
    return counts
