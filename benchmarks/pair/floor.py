"""The least time that the arithmetic of a PaiNN step takes: flop count over the rate of sgemm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]

SPLINE_WEIGHTS = 6  # of the spline of a radial filter
PAIRS_PER_CHANNEL = 1 / 14  # pairs of an atom up to which the first layer is tabulated (painn.cpp)


def node_flops(channels: int, layers: int, *, tabulated: bool = False, axes: int = 3) -> float:
    """Return the flops an atom's own layers need, energy and gradient, without pointwise parts.

    Multiply-adds of a forward layer, in units of F^2: messages 4 (none in the first layer, which
    depends on the species alone), mixing 6 (2 for vectors of one axis), update 5 (3 in the last
    layer, whose vectors nothing reads and whose a_ss goes through the readout at once); the readout
    1. Tables save the first layer's mixing, and 1 of its update. The backward sweep takes as many.
    """
    mixings = layers - 1 if tabulated else layers
    units = 2.0 * axes * mixings + 5.0 * layers + 4.0 * (layers - 1) - 2.0 + 1.0
    return 2 * 2.0 * (units - (1.0 if tabulated else 0.0)) * channels**2


def pair_flops(channels: int, layers: int, *, tabulated: bool = False) -> float:
    """Return the flops a directed pair needs, energy and gradient.

    For each channel and layer: spline weights of three filters (two in the first layer) and their
    slopes, and the products of filters, messages and vectors. Tables of the first layer: five
    functions forward, two of them again backward, where three values and five slopes are needed.
    """
    first = (2 * 2 * SPLINE_WEIGHTS + 9) + (3 * 2 * SPLINE_WEIGHTS + 17)
    if tabulated:
        first = (
            (5 * 2 * SPLINE_WEIGHTS + 20)
            + (2 * 2 * SPLINE_WEIGHTS + 12)
            + (8 * 2 * SPLINE_WEIGHTS + 46)
        )
    other = (3 * 2 * SPLINE_WEIGHTS + 16) + (6 * 2 * SPLINE_WEIGHTS + 39)
    return float(channels) * (first + (layers - 1) * other)


def step_flops(
    channels: int, layers: int, neighbours: float, lone: float = 0.0, images: float = 0.0
) -> float:
    """Return the flops of one atom and step, in the mean over a box.

    Args:
        channels: channels of the student.
        layers: layers of the student.
        neighbours: mean number over all atoms.
        lone: share of atoms in lone pairs: vectors of one axis.
        images: share of atoms that are images of their partners and cost nothing.
    """
    others = 1.0 - lone
    near = (neighbours - lone) / others if others else 0.0
    few = PAIRS_PER_CHANNEL * channels
    cost = 0.0
    for share, pairs, axes in ((lone - images, 1.0, 1), (others, near, 3)):
        way = {"tabulated": pairs <= few}
        node = node_flops(channels, layers, axes=axes, **way)
        cost += share * (node + pairs * pair_flops(channels, layers, **way))
    return cost


def sgemm_rate() -> float:
    """Return flop/s (CPU time) of float32 products on one core, by torch's or numpy's BLAS."""
    # A separate process, since a BLAS reads its number of threads when it is loaded.
    single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    command = [sys.executable, "-m", "benchmarks.pair.floor"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **single}, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _measure(size: int = 1024, seconds: float = 0.5) -> float:
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    a, b = (generator.random((size, size), dtype=np.float32) for _ in range(2))
    c = np.empty_like(a)
    x, y, z = (torch.from_numpy(m) for m in (a, b, c))
    best = np.inf
    for product in (lambda: torch.mm(x, y, out=z), lambda: np.dot(a, b, out=c)):
        end = time.process_time() + seconds
        product()
        while time.process_time() < end:
            start = time.process_time()
            product()
            best = min(best, time.process_time() - start)
    return 2.0 * size**3 / best


if __name__ == "__main__":
    print(_measure())
