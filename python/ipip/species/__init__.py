"""Reaction analysis: bonds, molecules, species over time, events and lifetimes from a dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names
from ipip.species.analyse import SpeciesResult, analyse_species
from ipip.species.bonds import BondDistances, BondTracker, bond_distances
from ipip.species.events import Event
from ipip.species.molecules import Molecules, formula
from ipip.species.snapshot import molecules_in

__all__ = [
    "BondDistances",
    "BondTracker",
    "Event",
    "Molecules",
    "SpeciesResult",
    "analyse_species",
    "bond_distances",
    "formula",
    "molecules_in",
    "species_of_dump",
]

if TYPE_CHECKING:
    from ipip.species.run import species_of_dump

__getattr__ = lazy_names(
    __name__,
    {
        "species_of_dump": "ipip.species.run",
    },
)
