"""The molecules of one configuration."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
from ase.data import chemical_symbols

from ipip.config.species import SpeciesSettings
from ipip.data.frame import FloatArray, IntArray
from ipip.species.bonds import BondTracker, bond_distances
from ipip.species.molecules import Molecules


def molecules_in(
    numbers: IntArray,
    positions: FloatArray,
    cell: FloatArray,
    pbc: npt.NDArray[np.bool_],
    settings: SpeciesSettings,
) -> Counter[str]:
    """Return the number of molecules of each formula; without history, close atoms are bonded.

    Args:
        numbers: [n] atomic numbers.
        positions: [n, 3] Å, wrapped or not; must be finite.
        cell: [3, 3] rows are lattice vectors, Å.
        pbc: [3] periodic directions.
        settings: of bonds.
    """
    elements, kinds = np.unique(numbers, return_inverse=True)
    symbols = [chemical_symbols[number] for number in elements]
    kinds = kinds.astype(np.int64)
    bonds = BondTracker(kinds, bond_distances(symbols, settings))
    bonds.update(0, positions, cell, pbc)
    molecules = Molecules(symbols, kinds)
    molecules.update(bonds.keys)
    return Counter(molecules.formulas.values())
