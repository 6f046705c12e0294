"""Converts the weights of a PaiNN trained with SchNetPack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from ase.data import atomic_numbers

from ipip.errors import InputError
from ipip.models.painn import PaiNN

_RENAMED = {
    "interatomic_context_net.0": "context.0",
    "interatomic_context_net.1": "context.2",
    "intraatomic_context_net.0": "context.0",
    "intraatomic_context_net.1": "context.2",
    "mu_channel_mix": "mix",
}


def painn_from_schnetpack(
    weights: Mapping[str, npt.NDArray[np.floating]],
    symbols: Sequence[str],
    *,
    energy_unit: float = 1.0,
    dtype: str = "float32",
) -> PaiNN:
    """Build a PaiNN student that is equivalent to a SchNetPack PaiNN.

    Supported: Gaussian basis, cosine envelope, two-layer readout halving the width, energy offsets
    per atom (`mean`) and per element (`atomref`).

    Args:
        weights: the state dict of the model as arrays, with SchNetPack's names.
        symbols: elements of the student, in type order.
        energy_unit: the model's energy unit in eV.
        dtype: precision of the student's network.

    Returns:
        The student.

    Raises:
        InputError: the weights are not of such a model.
    """
    prefix = "representation."
    try:
        table = weights[prefix + "embedding.weight"]
        cutoff = float(weights[prefix + "cutoff_fn.cutoff"][0])
        offsets = weights[prefix + "radial_basis.offsets"]
        widths = weights[prefix + "radial_basis.widths"]
        filters = weights[prefix + "filter_net.weight"]
    except KeyError as missing:
        raise InputError(
            f"the weights lack {missing.args[0]!r}; expected the state dict of a SchNetPack PaiNN"
        ) from None
    channels = table.shape[1]
    layers = sum(
        name.startswith(prefix + "mixing.") and name.endswith("mu_channel_mix.weight")
        for name in weights
    )
    student = PaiNN(
        symbols,
        cutoff=cutoff,
        channels=channels,
        layers=layers,
        radial="gaussian",
        n_radial=len(offsets),
        envelope="cosine",
        shared_filters=filters.shape[0] == 3 * channels and layers > 1,
        dtype=dtype,
    )
    rows = [atomic_numbers[s] for s in symbols]
    state: dict[str, npt.NDArray[np.floating]] = {
        "basis.offsets": offsets,
        "basis.widths": widths,
        "embedding.weight": table[rows],
        "readout.0.weight": weights["output_modules.0.outnet.0.weight"],
        "readout.0.bias": weights["output_modules.0.outnet.0.bias"],
        "readout.2.weight": weights["output_modules.0.outnet.1.weight"],
        "readout.2.bias": weights["output_modules.0.outnet.1.bias"],
    }
    for name, value in weights.items():
        for group, ours in (("interactions.", "messages."), ("mixing.", "updates.")):
            if name.startswith(prefix + group):
                index, rest = name.removeprefix(prefix + group).split(".", 1)
                module, kind = rest.rsplit(".", 1)
                state[f"{ours}{index}.{_RENAMED[module]}.{kind}"] = value
    for layer in range(layers):
        start = 0 if student.shared_filters else 3 * channels * layer
        for kind in ("weight", "bias"):
            part = weights[f"{prefix}filter_net.{kind}"][start : start + 3 * channels]
            state[f"filters.{layer}.{kind}"] = part
    n = len(symbols)
    atomref = np.asarray(weights.get("postprocessors.1.atomref", np.zeros(100)), dtype=np.float64)
    mean = float(weights.get("postprocessors.1.mean", np.zeros(())))
    energy_buffers = {
        "reference_energies": energy_unit * atomref.reshape(-1)[rows],
        "scale": np.full(n, energy_unit),
        "shift": np.full(n, energy_unit * mean),
    }
    converted = {
        name: torch.as_tensor(np.asarray(v)) for name, v in {**state, **energy_buffers}.items()
    }
    student.load_state_dict({**student.state_dict(), **converted})
    return student
