"""Counts of reactions, and the reaction network."""

from __future__ import annotations

import networkx as nx

from ipip.species.events import Event, reaction_name
from ipip.species.molecules import formula_counts

Reaction = tuple[tuple[str, ...], tuple[str, ...]]


class ReactionCounts:
    """Counts of reactions; memory grows only with the number of different reactions.

    Attributes:
        seen: reactants and products to (count, first step).
    """

    def __init__(self) -> None:
        self.seen: dict[Reaction, tuple[int, int]] = {}

    def add(self, event: Event) -> None:
        """Count an event."""
        reaction = (event.reactants, event.products)
        count, first = self.seen.get(reaction, (0, event.step))
        self.seen[reaction] = count + 1, first

    def rows(self) -> list[tuple[str, int, int]]:
        """Return (reaction, count, first step), the most frequent first."""
        order = sorted(self.seen.items(), key=lambda item: (-item[1][0], item[1][1], item[0]))
        return [(reaction_name(*reaction), *counted) for reaction, counted in order]


def why_empty(reactions: ReactionCounts, follow: str | None) -> str:
    """Return why a network has no reaction."""
    if not reactions.seen:
        return "no reactions occurred"
    followed = "molecules" if follow is None else f"molecules with {follow}"
    return f"none of the {len(reactions.seen)} reactions turns {followed} into others"


def reaction_network(reactions: ReactionCounts, follow: str | None, most: int) -> nx.DiGraph:
    """Return the network of the followed species.

    Edges lead from each followed reactant to each followed product of a reaction that is not
    itself a reactant; species without the element appear only in the labels of edges.

    Args:
        reactions: with their counts.
        follow: element; None: all species.
        most: largest number of edges, the most frequent ones.

    Returns:
        Graph of formulas; edges have ``count`` (forward) and ``partners`` (text such as "+S2 -SO").
        Its attributes ``left_out`` and ``left_out_times`` are the number of omitted edges and of
        their reactions.
    """
    counts: dict[tuple[str, str], int] = {}
    partners: dict[tuple[str, str], dict[str, int]] = {}
    for (reactants, products), (count, _) in reactions.seen.items():
        sources = {name for name in reactants if follow is None or follow in formula_counts(name)}
        targets = {name for name in products if follow is None or follow in formula_counts(name)}
        others = [f"+{name}" for name in reactants if name not in sources]
        others += [f"−{name}" for name in products if name not in targets]
        for source in sources - targets:
            for target in targets - sources:
                edge = (source, target)
                counts[edge] = counts.get(edge, 0) + count
                label = " ".join(others)
                counts_of_edge = partners.setdefault(edge, {})
                counts_of_edge[label] = counts_of_edge.get(label, 0) + count
    order = sorted(counts, key=lambda edge: (-counts[edge], edge))
    omitted = order[most:]
    graph = nx.DiGraph(left_out=len(omitted), left_out_times=sum(counts[edge] for edge in omitted))
    for edge in order[:most]:
        label = max(partners[edge], key=lambda text, edge=edge: (partners[edge][text], text))  # type: ignore[misc]
        graph.add_edge(*edge, count=counts[edge], partners=label)
    return graph
