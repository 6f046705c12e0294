"""Makes training steps of SchNetPack's PaiNN on request; runs in SchNetPack's environment.

Arguments: folder with work.npz, channels, layers, cutoff. Prints its version, then seconds for each
line that it reads.
"""

from __future__ import annotations

import sys
import time
import typing
from pathlib import Path

import numpy as np
import torch
import torch.utils.data.dataloader as dataloader

if not hasattr(dataloader, "T_co"):  # SchNetPack 2.0 imports it; torch 2.13 has it elsewhere
    dataloader.T_co = typing.TypeVar("T_co", covariant=True)  # type: ignore[attr-defined]

import importlib.metadata

import schnetpack.atomistic
import schnetpack.model
import schnetpack.nn
import schnetpack.properties as keys
import schnetpack.representation


def main() -> None:
    folder, channels, layers, cutoff = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = schnetpack.representation.PaiNN(
        n_atom_basis=int(channels),
        n_interactions=int(layers),
        radial_basis=schnetpack.nn.GaussianRBF(n_rbf=20, cutoff=float(cutoff)),
        cutoff_fn=schnetpack.nn.CosineCutoff(float(cutoff)),
    )
    model = schnetpack.model.NeuralNetworkPotential(
        network,
        input_modules=[schnetpack.atomistic.PairwiseDistances()],
        output_modules=[
            schnetpack.atomistic.Atomwise(n_in=int(channels), output_key="energy"),
            schnetpack.atomistic.Forces(),
        ],
    )
    work = {name: torch.as_tensor(x) for name, x in np.load(Path(folder) / "work.npz").items()}
    inputs = {
        keys.Z: work["numbers"],
        keys.R: work["positions"].float(),
        keys.offsets: work["offsets"].float(),
        keys.idx_i: work["receiver"],
        keys.idx_j: work["neighbour"],
        keys.idx_m: work["frame_of_atom"],
        keys.n_atoms: work["n_atoms"],
    }
    energy, forces = work["energy"].float(), work["forces"].float()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-7, fused=True)
    model.train()

    def results() -> dict[str, torch.Tensor]:
        return model({name: x.clone() for name, x in inputs.items()})

    weights = {name: x.detach().numpy().copy() for name, x in model.state_dict().items()}
    np.savez(Path(folder) / "weights.npz", **weights)
    np.save(Path(folder) / "forces.npy", results()["forces"].detach().numpy())
    print(importlib.metadata.version("schnetpack"), flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        out = results()
        per_atom = (out["energy"] - energy) / work["n_atoms"]
        loss = per_atom.abs().mean() + (out["forces"] - forces).norm(dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(time.process_time() - start, flush=True)


main()
