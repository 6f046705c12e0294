"""From atoms to edges, and from energies to forces."""

from ipip.graph.forces import energy_and_forces
from ipip.graph.neighbors import SAME_PLACE, NeighborSearch, check_apart, neighbor_list
from ipip.graph.species import species_index

__all__ = [
    "SAME_PLACE",
    "NeighborSearch",
    "check_apart",
    "energy_and_forces",
    "neighbor_list",
    "species_index",
]
