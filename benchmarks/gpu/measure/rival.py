"""The student's own program, run by PyTorch on the same GPU, for comparison with the kernels.

Run as `python3 rival.py STUDENT DEVICE ATOMS STEPS`; prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

CUTOFF, DENSITY = 5.0, 0.086


def main(student: str, device: str, n: int, steps: int) -> None:
    """Time energies and forces of a dense box."""
    import torch

    library = torch.library.Library("ipip", "DEF")
    library.define("halo_exchange(Tensor x) -> Tensor")
    library.impl("halo_exchange", lambda x: x, "CompositeImplicitAutograd")  # as on one rank
    model = torch.jit.load(student, map_location=device).eval()
    generator = torch.Generator().manual_seed(3)
    length = (n / DENSITY) ** (1 / 3)
    side = round(n ** (1 / 3) + 0.4999)
    grid = torch.cartesian_prod(*[torch.arange(side)] * 3)[:n] * (length / side)
    places = (grid + 0.25 * torch.rand(n, 3, generator=generator)).to(device)
    species = torch.randint(0, 3, (n,), generator=generator).to(device)
    receivers, senders, vectors = [], [], []
    for begin in range(0, n, 1000):
        apart = places[None] - places[begin : begin + 1000, None]
        apart -= length * torch.round(apart / length)
        near = (apart.norm(dim=-1) < CUTOFF).nonzero()
        near = near[near[:, 0] + begin != near[:, 1]]
        receivers.append(near[:, 0] + begin)
        senders.append(near[:, 1])
        vectors.append(apart[near[:, 0], near[:, 1]])
    edges = torch.stack([torch.cat(receivers), torch.cat(senders)])
    dtype = next(model.parameters()).dtype
    edge_vectors = torch.cat(vectors).to(dtype).requires_grad_()

    def step() -> None:
        energy = model(species, edges, edge_vectors, n).sum()
        torch.autograd.grad(energy, edge_vectors)

    def wait() -> float:
        if device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter()

    for _ in range(5):  # the executor optimises in its first calls
        step()
    start = wait()
    for _ in range(steps):
        step()
    us = (wait() - start) / steps * 1e6
    print(
        json.dumps(
            {
                "atoms": n,
                "pairs_per_atom": edges.shape[1] / n,
                "step_us": us,
                "step_us_per_atom": us / n,
                "torch": torch.__version__,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
