"""How fast a training step of PaiNN could be: its arithmetic at the rate of large products."""

from __future__ import annotations

import time

import torch

SWEEPS = 6  # forward, backward, the tangent of each, and the gradient of a matrix counts twice
TAPS = 6


def product_rate() -> float:
    """Return the rate of single-precision products of 1024 x 1024 matrices, flop/s."""
    a = torch.randn(1024, 1024)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        torch.mm(a, a)
        times.append(time.perf_counter() - start)
    return 2 * 1024**3 / min(times)


def flops_per_atom(channels: int, layers: int, neighbours: float) -> float:
    """Return multiplications and additions of a step, per atom.

    Node-wise: F -> F -> 3 F of messages (none in the first layer), 3 x F -> 2 F of vectors, 2 F ->
    F -> 3 F of the update (2 F in the last), F -> F/2 of the readout, each in six sweeps. Pairs:
    filters from six coefficients, with slopes in three of the four sweeps, their gradient, and the
    sums over s, v and x.
    """
    nodes = (15 * layers - 4 - 1) * channels**2 + channels**2 / 2
    filters = (1 + 2 + 2 + 2 + 2) * TAPS * 3
    sums = 10 + 22 + 24 + 42
    pairs = neighbours * layers * (filters + sums) * channels
    return 2 * (SWEEPS * nodes + pairs)
