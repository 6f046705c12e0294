"""Cost of a step on P ranks, fitted to one and two, extrapolated to 1024.

A rank with n atoms and r halo rows spends

    T = a n + b r + (c + m r) + d

a: seconds per atom (neighbour list, pairs, forward, backward); b: per halo row outside of
exchanges (ghosts, lists); m: per halo row in all exchanges of a step; c: of
a step's messages whatever their length; d: of a step whatever its atoms. The alternative without
exchange has ghosts out to layers x cutoff: layer l (1 is the first) is computed for all atoms
within (layers - l) x cutoff of the rank's own, and nothing is exchanged.

Limit of one machine: messages here go through its memory. A network adds its latency and divides by
its bandwidth; `Network` includes these.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from benchmarks.ranks.cases import CHANNELS, CUTOFF, DENSITY, LAYERS, SKIN
from benchmarks.ranks.lmp import Times
from scipy.optimize import nnls


@dataclasses.dataclass(frozen=True)
class Network:
    """Additional cost of a rank's messages on a network: seconds a message, seconds a byte."""

    latency: float = 0.0
    per_byte: float = 0.0

    def seconds(self, rows: float) -> float:
        """Seconds of a step: messages and vectors, gradients, forces, to 26 neighbours."""
        exchanges = 2 * (LAYERS - 1) + 1
        row_bytes = (LAYERS - 1) * (6 + 4) * CHANNELS * 4 + 3 * 8
        return exchanges * 26 * self.latency + rows * row_bytes * self.per_byte


@dataclasses.dataclass(frozen=True)
class Cost:
    """Coefficients of the model in seconds, and its largest relative error on the measurements."""

    per_atom: float
    per_row: float
    per_row_exchanged: float
    per_exchange_step: float
    per_step: float
    largest_error: float


def fit(runs: Sequence[Times]) -> Cost:
    """Fit by least squares of relative errors, no coefficient below zero."""
    work, exchange = [], []
    for times in runs:
        n, r = times.mean("atoms"), times.mean("halo_rows")
        work.append(([n, r, 1.0], times.step - times.mean("halo")))
        if times.ranks > 1:
            exchange.append(([r, 1.0], times.mean("halo")))
    a, b, d = _solve(work)
    m, c = _solve(exchange)
    cost = Cost(a, b, m, c, d, 0.0)
    errors = [
        abs(seconds(cost, t.mean("atoms"), t.mean("halo_rows"), t.ranks) / t.step - 1.0)
        for t in runs
    ]
    return dataclasses.replace(cost, largest_error=max(errors))


def _solve(rows: list[tuple[list[float], float]]) -> list[float]:
    matrix = np.array([x for x, _ in rows]) / np.array([[y] for _, y in rows])
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    solution, _ = nnls(matrix / scale, np.ones(len(rows)))
    return [float(v) for v in solution / scale]


def seconds(cost: Cost, atoms: float, rows: float, ranks: int) -> float:
    """Seconds of a step with the exchange."""
    exchange = cost.per_exchange_step + cost.per_row_exchanged * rows if ranks > 1 else 0.0
    return cost.per_atom * atoms + cost.per_row * rows + exchange + cost.per_step


def grid(ranks: int) -> tuple[int, int, int]:
    """Ranks along each edge of a cube with the least surface between them."""
    best = min(
        (x * y + y * z + z * x, (x, y, z))
        for x in range(1, ranks + 1)
        if ranks % x == 0
        for y in range(1, ranks // x + 1)
        if (ranks // x) % y == 0
        for z in [ranks // x // y]
    )
    return best[1]


def within(edge: float, shape: tuple[int, int, int], reach: float) -> float:
    """Atoms of a rank's brick and within `reach` of it, each atom of the box once at most."""
    sides = [edge / p for p in shape]
    # Where one rank spans the box, atoms beyond its faces are its own.
    open_sides = [s for s, p in zip(sides, shape, strict=True) if p > 1]
    volume = math.prod(s for s, p in zip(sides, shape, strict=True) if p == 1)
    # The brick grown by a sphere (Steiner's formula) in the directions that are split.
    grown = {
        0: lambda: 1.0,
        1: lambda: open_sides[0] + 2 * reach,
        2: lambda: math.prod(open_sides) + 2 * reach * sum(open_sides) + math.pi * reach**2,
        3: lambda: (
            math.prod(open_sides)
            + 2 * reach * sum(a * b for a, b in _pairs(open_sides))
            + math.pi * reach**2 * sum(open_sides)
            + 4 / 3 * math.pi * reach**3
        ),
    }[len(open_sides)]()
    return DENSITY * min(volume * grown, edge**3)


def _pairs(sides: list[float]) -> list[tuple[float, float]]:
    return [(sides[0], sides[1]), (sides[1], sides[2]), (sides[2], sides[0])]


def halo_rows(atoms: float, ranks: int) -> float:
    """Halo rows of a rank: one cutoff and the skin of the list."""
    edge = (atoms / DENSITY) ** (1 / 3)
    return within(edge, grid(ranks), CUTOFF + SKIN) - atoms / ranks if ranks > 1 else 0.0


def predict(cost: Cost, network: Network, atoms: float, ranks: int) -> dict[str, float]:
    """Predict a step of `atoms` atoms in a cube on `ranks` ranks, and a step of the alternative."""
    edge, shape = (atoms / DENSITY) ** (1 / 3), grid(ranks)
    n, rows = atoms / ranks, halo_rows(atoms, ranks)
    alone = seconds(cost, atoms, 0.0, 1)
    ours = seconds(cost, n, rows, ranks) + (network.seconds(rows) if ranks > 1 else 0.0)
    computed = sum(within(edge, shape, k * CUTOFF) for k in range(LAYERS)) / LAYERS
    other = seconds(cost, computed, 0.0, 1)
    return {
        "ranks": ranks,
        "atoms_per_rank": n,
        "halo_rows": rows,
        "ghosts_of_alternative": within(edge, shape, LAYERS * CUTOFF + SKIN) - n
        if ranks > 1
        else 0.0,
        "seconds": ours,
        "efficiency": alone / ranks / ours,
        "alternative_seconds": other,
        "alternative_efficiency": alone / ranks / other,
    }
