"""The least time that the arithmetic of a PaiNN step takes: flop count over the rate of sgemm."""

from __future__ import annotations

import time

import numpy as np
import torch

TAPS = 6  # of the spline that stands for a radial filter


def node_flops(channels: int, layers: int) -> float:
    """Return the flops an atom's own layers need, energy and gradient, without pointwise parts.

    Multiply-adds of a forward layer, in units of F^2: messages 4 (none in the first layer, which
    depends on the species alone), mixing 6, update 5 (4 in the last layer, whose vectors lead
    nowhere); the readout 1/2. The backward sweep takes as many.
    """
    units = 11.0 * layers + 4.0 * (layers - 1) - 1.0 + 0.5
    return 2 * 2.0 * units * channels**2


def pair_flops(channels: int, layers: int) -> float:
    """Return the flops a directed pair needs, energy and gradient.

    For each channel and layer: spline taps of three filters (two in the first layer) and their
    slopes, and the products of filters, messages and vectors.
    """
    first = (2 * 2 * TAPS + 9) + (3 * 2 * TAPS + 17)
    other = (3 * 2 * TAPS + 16) + (6 * 2 * TAPS + 39)
    return float(channels) * (first + (layers - 1) * other)


def step_flops(channels: int, layers: int, neighbours: float) -> float:
    """Return the flops of one atom and step."""
    return node_flops(channels, layers) + neighbours * pair_flops(channels, layers)


def sgemm_rate(size: int = 1024, seconds: float = 0.5) -> float:
    """Return flop/s of float32 products on one core, by the faster of torch's and numpy's BLAS."""
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    a, b = (generator.random((size, size), dtype=np.float32) for _ in range(2))
    c = np.empty_like(a)
    x, y, z = (torch.from_numpy(m) for m in (a, b, c))
    best = np.inf
    for product in (lambda: torch.mm(x, y, out=z), lambda: np.dot(a, b, out=c)):
        end = time.perf_counter() + seconds
        product()
        while time.perf_counter() < end:
            start = time.perf_counter()
            product()
            best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best
