"""Predicted latency of a step of few atoms."""

from __future__ import annotations

import math

from benchmarks.gpu.gpus import Gpu

# Of a step that fills no GPU, µs: a launch of a graph, a copy, the host's wait.
LAUNCH, COPY, WAIT = (2.0, 3.0), (1.5, 2.5), (8.0, 12.0)
COPIES = 6
WARM_TRIP = 150  # clocks of a round trip where matrices are in the L1 cache
CHAIN = 120  # clocks of three products on tensor cores, one after the other, and a sum


def latency(
    gpu: Gpu, channels: int, layers: int, pairs: float, n_atoms: int
) -> tuple[float, float]:
    """µs of a step whose rows all fit the GPU at once: its waits, one after another."""
    warps = n_atoms / gpu.multiprocessors
    passes = 2 * layers  # over pairs
    launches = 3 + passes + 2 * layers  # with FindPairs, GatherForces and room for one more
    fixed = [
        launches * launch + COPIES * copy + wait
        for launch, copy, wait in zip(LAUNCH, COPY, WAIT, strict=True)
    ]
    # One pair after another; two trips, for the pair and for the sender's row. Rows beyond 32 warps
    # a multiprocessor come in another turn.
    turns = math.ceil(warps / 32)
    through_pairs = passes * pairs * turns * (gpu.round_trip * 1.8) / gpu.ghz / 1e3
    # Depths of the products of an update by eight rows a block.
    depth = 8 * channels
    updates = 2 * layers - 1
    if gpu.tensor_cores:
        steps = depth * 1.25 / 16  # two of eight in flight; warps take turns
        trips = [steps * (trip + CHAIN) for trip in (WARM_TRIP, gpu.round_trip)]
    else:
        trips = [depth / 4 * trip for trip in (WARM_TRIP, gpu.round_trip)]
    low, high = (
        base + through_pairs + updates * clocks / gpu.ghz / 1e3
        for base, clocks in zip(fixed, trips, strict=True)
    )
    return low, high
