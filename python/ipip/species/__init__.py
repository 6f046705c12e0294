"""Reaction analysis: bonds, molecules, species over time, events and lifetimes from a dump."""

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
]
