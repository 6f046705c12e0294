"""From atoms to edges."""

from ipip.graph.neighbors import SAME_PLACE, NeighborSearch, check_apart, neighbor_list
from ipip.graph.species import species_index

__all__ = [
    "SAME_PLACE",
    "NeighborSearch",
    "check_apart",
    "neighbor_list",
    "species_index",
]
