"""Rings of graphs with known rings."""

import networkx as nx
import pytest

from ipip.species.rings import is_insertion, ring_sizes


@pytest.mark.parametrize(
    ("graph", "sizes"),
    [
        (nx.path_graph(6), ()),
        (nx.cycle_graph(6), (6,)),
        (nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)]), ()),  # two triangles
        (nx.disjoint_union(nx.cycle_graph(4), nx.cycle_graph(8)), (4, 8)),
        (nx.cubical_graph(), (4, 4, 4, 4, 4)),
        (nx.Graph([*nx.cycle_graph(10).edges, (0, 5)]), (6, 6)),  # naphthalene
        (nx.complete_graph(12), None),
    ],
)
def test_ring_sizes(graph, sizes):
    assert ring_sizes(graph.edges, 4) == sizes


def test_triangles_count_if_requested():
    assert ring_sizes(nx.cycle_graph(3).edges, 3) == (3,)


def test_a_bridge_of_younger_bonds_is_an_insertion_and_an_opened_ring_is_none():
    bridge = {(0, 2): 50, (2, 3): 0, (1, 3): 60}  # 0-2-3-1; the S-S bond 2-3 is old
    assert is_insertion((0, 1), 10, bridge, 2)
    assert not is_insertion((0, 1), 10, bridge, 1)
    assert not is_insertion((0, 1), 55, bridge, 2)  # one end is older than the bond was
    ring = {(0, 2): 0, (2, 3): 0, (1, 3): 0}  # the rest of a ring of four
    assert not is_insertion((0, 1), 0, ring, 2)
    assert is_insertion((0, 1), 10, {(0, 2): 20, (1, 2): 20}, 1)
