"""Time SchNetPack's PaiNN: python schnetpack_contender.py FRAME.xyz CALLS CHANNELS LAYERS.

Runs in a separate environment and imports nothing of ipip; prints JSON.
"""

import json
import resource
import sys
import time
import typing

import numpy as np
import torch
from ase.io import read
from torch.utils.data import dataloader

# A type variable that SchNetPack 2.1 imports and newer versions of torch lack.
dataloader.T_co = typing.TypeVar("T_co", covariant=True)

import schnetpack as spk  # noqa: E402
from schnetpack.interfaces import AtomsConverter  # noqa: E402
from schnetpack.transform import ASENeighborList  # noqa: E402

torch.set_num_threads(1)
CUTOFF = 5.0
channels, layers = int(sys.argv[3]), int(sys.argv[4])
painn = spk.representation.PaiNN(
    n_atom_basis=channels,
    n_interactions=layers,
    radial_basis=spk.nn.GaussianRBF(n_rbf=20, cutoff=CUTOFF),
    cutoff_fn=spk.nn.CosineCutoff(CUTOFF),
)
model = spk.model.NeuralNetworkPotential(
    representation=painn,
    input_modules=[spk.atomistic.PairwiseDistances()],
    output_modules=[
        spk.atomistic.Atomwise(n_in=channels, output_key="energy"),
        spk.atomistic.Forces(),
    ],
).eval()
for parameter in model.parameters():
    parameter.requires_grad_(False)
convert = AtomsConverter(neighbor_list=ASENeighborList(cutoff=CUTOFF), dtype=torch.float32)
inputs = convert(read(sys.argv[1]))
best = np.inf
for _ in range(int(sys.argv[2])):
    given = {name: value.clone() for name, value in inputs.items()}
    start = time.perf_counter()
    model(given)["forces"].sum().item()
    best = min(best, time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": best, "peak_bytes": peak}))
