"""Rings of a molecule, and insertions of atoms into a bond."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

MAX_RANK = 16  # fused rings; in networks with more, ring sizes are meaningless


def ring_sizes(bonds: Iterable[tuple[int, int]], smallest: int) -> tuple[int, ...] | None:
    """Return the sizes of the rings of a minimum cycle basis, ascending.

    The sizes are the same for every minimum cycle basis of a graph (Horton, SIAM J. Comput. 16, 358
    (1987)).

    Args:
        bonds: pairs of atoms.
        smallest: atoms of the smallest ring that counts.

    Returns:
        Sizes, or None if the molecule is a network with too many rings.
    """
    graph = nx.Graph(list(bonds))
    sizes: list[int] = []
    for edges in nx.biconnected_component_edges(graph):  # each ring is within one of these
        block = nx.Graph(edges)
        rank = block.number_of_edges() - block.number_of_nodes() + 1
        if rank > MAX_RANK:
            return None
        if rank == 1:
            sizes.append(block.number_of_nodes())
        elif rank > 1:
            sizes += [len(cycle) for cycle in nx.minimum_cycle_basis(block)]
    return tuple(sorted(size for size in sizes if size >= smallest))


def is_insertion(
    broken: tuple[int, int], born: int, bonds: dict[tuple[int, int], int], most: int
) -> bool:
    """Return whether a broken bond was replaced by a bridge of atoms.

    A bond a-b was replaced if a path of at most ``most`` atoms now links a and b, and both end
    bonds of the path are younger than a-b was. Opening a ring of old bonds is thus not an
    insertion.

    Args:
        broken: the bond.
        born: step at which it had formed.
        bonds: present bonds (i < j) around it, with the steps at which they formed.
        most: atoms of the bridge.
    """
    a, b = broken
    neighbours: dict[int, list[int]] = {}
    for i, j in bonds:
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)

    def younger(i: int, j: int) -> bool:
        return bonds[min(i, j), max(i, j)] > born

    paths: list[tuple[int, ...]] = [(a, x) for x in neighbours.get(a, ()) if younger(a, x)]
    for _ in range(most):
        if any(b in neighbours[path[-1]] and younger(path[-1], b) for path in paths):
            return True
        paths = [(*path, x) for path in paths for x in neighbours[path[-1]] if x not in (*path, b)]
    return False
