"""The reaction network and its picture."""

import itertools

import networkx as nx
import numpy as np
import pytest

from ipip.species.network import ReactionCounts, reaction_network
from ipip.species.network_plot import LARGEST, SIDE, SMALLEST, place_species


def _counts(number: int) -> ReactionCounts:
    """Reactions MoS(k) -> MoS(k+1) + O, seen number - k times each, with a bystander."""
    counts = ReactionCounts()
    for k in range(1, number + 1):
        counts.seen[((f"MoS{k}", "O2"), (f"MoS{k + 1}", "O"))] = (number + 1 - k, 10 * k)
    return counts


def test_the_most_frequent_reactions_are_shown_and_the_others_counted():
    graph = reaction_network(_counts(20), "Mo", 15)
    assert graph.number_of_edges() == 15
    assert min(data["count"] for _, _, data in graph.edges(data=True)) == 6
    assert (graph.graph["left_out"], graph.graph["left_out_times"]) == (5, 5 + 4 + 3 + 2 + 1)
    assert graph.edges["MoS1", "MoS2"] == {"count": 20, "partners": "+O2 −O"}
    few = reaction_network(_counts(3), "Mo", 15)
    assert (few.graph["left_out"], few.graph["left_out_times"]) == (0, 0)


@pytest.mark.parametrize(("species", "edges"), [(2, 1), (9, 15), (16, 15), (24, 40)])
def test_species_and_their_labels_do_not_overlap(species, edges):
    random = np.random.default_rng(species)
    names = [f"Mo{1 + k // 6}O{k}S{k % 7}" for k in range(species)]
    graph = nx.DiGraph()
    graph.add_nodes_from(names)
    while graph.number_of_edges() < edges:
        graph.add_edge(*random.choice(names, 2, replace=False).tolist())
    radii = dict(zip(names, random.uniform(SMALLEST, LARGEST, species), strict=True))
    places = place_species(graph, radii)
    for a, b in itertools.combinations(names, 2):
        assert np.linalg.norm(places[a] - places[b]) > radii[a] + radii[b]
        apart = np.abs(places[a] - places[b])
        assert apart[0] > 0.6 or apart[1] > 0.14  # a label is at most 0.6 by 0.13 inches
    assert all((place > 0).all() and (place < SIDE).all() for place in places.values())
