"""Converts the weights of a ViSNet trained with PyTorch Geometric."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from ase.data import atomic_numbers
from torch import Tensor

from ipip.errors import InputError
from ipip.models.visnet import ViSNet

Arrays = dict[str, npt.NDArray[np.floating]]

_BODY = "representation_model."
_HEAD = "output_model.output_network."
_MODULES = {
    "neighbor_embedding.distance_proj": "neighbour_filter",
    "neighbor_embedding.combine": "combine",
    "edge_embedding.edge_proj": "edge_filter",
    "out_norm": "norm",
}
_LAYER_MODULES = {
    "layernorm": "norm",
    "q_proj": "attention.query",
    "k_proj": "attention.key",
    "v_proj": "attention.value",
    "dk_proj": "attention.edge_key",
    "dv_proj": "attention.edge_value",
    "s_proj": "gate.linear",
    "vec_proj": "mix",
    "o_proj": "output",
    "f_proj": "edge_update.filter",
    "w_trg_proj": "edge_update.receiver_mix",
    "w_src_proj": "edge_update.neighbour_mix",
}
_UNUSED_IN_FIRST_LAYER = ("vec_proj", "f_proj", "w_trg_proj", "w_src_proj")


def visnet_from_pyg(
    weights: Mapping[str, Tensor | npt.NDArray[np.floating]],
    symbols: Sequence[str],
    *,
    lmax: int,
    cutoff: float = 5.0,
    attention_heads: int = 8,
    dtype: str = "float32",
) -> ViSNet:
    """Build a ViSNet student that is equivalent to `torch_geometric.nn.models.ViSNet`.

    The student does not limit neighbours: results are equal if no atom has more neighbours than
    the reference's `max_num_neighbors`. Energies are assumed to be in eV, lengths in Å.

    Args:
        weights: the state dict of the model (`vertex=False`, `vecnorm_type=None`,
            `reduce_op="sum"`).
        symbols: elements of the student, in type order.
        lmax: highest degree, which the weights do not determine.
        cutoff: Å.
        attention_heads: number of heads (`num_heads`), which the weights do not determine.
        dtype: precision of the student's network.

    Returns:
        The student, in its published form.

    Raises:
        InputError: the weights are not of such a model.
    """
    arrays = {name: np.asarray(torch.as_tensor(value).cpu()) for name, value in weights.items()}
    layers = _check(arrays, cutoff)
    table = arrays[_BODY + "embedding.weight"]
    student = ViSNet(
        symbols,
        cutoff=cutoff,
        channels=table.shape[1],
        layers=layers,
        lmax=lmax,
        attention_heads=attention_heads,
        n_radial=len(arrays[_BODY + "distance_expansion.means"]),
        envelope="cosine",
        published=True,
        dtype=dtype,
    )
    rows = [atomic_numbers[symbol] for symbol in symbols]
    neighbours = arrays[_BODY + "neighbor_embedding.embedding.weight"]
    atomref = arrays["prior_model.atomref.weight"]
    if max(rows) >= len(table):
        raise InputError(
            f"the weights have atomic numbers up to {len(table) - 1}; "
            f"{' '.join(symbols)} go up to {max(rows)}"
        )
    ours = {
        "basis.centres": arrays[_BODY + "distance_expansion.means"],
        "basis.sharpness": arrays[_BODY + "distance_expansion.betas"],
        "embedding.weight": table[rows],
        "neighbour_embedding.weight": neighbours[rows],
        "scale": np.full(len(rows), float(arrays["std"])),
        "reference_energies": atomref.reshape(-1)[rows],
        **_head(arrays),
    }
    for name, module in _MODULES.items():
        for kind in ("weight", "bias"):
            ours[f"{module}.{kind}"] = arrays[f"{_BODY}{name}.{kind}"]
    for layer in range(layers):
        ours |= _layer(arrays, layer)
    tensors = {name: torch.as_tensor(np.array(value)) for name, value in ours.items()}
    student.load_state_dict({**student.state_dict(), **tensors})
    return student


def _layer(arrays: Arrays, layer: int) -> Arrays:
    """Return the weights of a layer; the first layer has only those that act without vectors."""
    prefix = f"{_BODY}vis_mp_layers.{layer}."
    target = f"later.{layer - 1}." if layer else "first."
    ours = {}
    for name, value in arrays.items():
        if not name.startswith(prefix) or "vec_layernorm" in name:
            continue
        module, kind = name.removeprefix(prefix).rsplit(".", 1)
        if layer == 0 and module in _UNUSED_IN_FIRST_LAYER:
            continue
        if layer == 0 and module in ("s_proj", "o_proj"):  # only their last block remains
            value = value[-len(arrays[prefix + "layernorm.bias"]) :]
        ours[f"{target}{_LAYER_MODULES[module]}.{kind}"] = value
    return ours


def _head(arrays: Arrays) -> Arrays:
    """Return the weights of the gated block and the readout; the last vector is not used."""
    ours = {
        "invariants.norm_mix.weight": arrays[_HEAD + "0.vec1_proj.weight"],
        "invariants.vector_mix.weight": arrays[_HEAD + "0.vec2_proj.weight"],
        "invariants.last_norm_mix.weight": arrays[_HEAD + "1.vec1_proj.weight"],
    }
    for kind in ("weight", "bias"):
        for step in ("0", "2"):
            ours[f"invariants.context.{step}.{kind}"] = arrays[f"{_HEAD}0.update_net.{step}.{kind}"]
        ours[f"readout.0.{kind}"] = arrays[f"{_HEAD}1.update_net.0.{kind}"]
        ours[f"readout.2.{kind}"] = arrays[f"{_HEAD}1.update_net.2.{kind}"][:1]
    return ours


def _check(arrays: Arrays, cutoff: float) -> int:
    """Refuse models that the student cannot represent; return the number of layers."""
    layers = 1 + max(
        (
            int(match[1])
            for name in arrays
            if (match := re.match(re.escape(_BODY) + r"vis_mp_layers\.(\d+)\.", name))
        ),
        default=-1,
    )
    needed = (
        _BODY + "embedding.weight",
        _BODY + "distance_expansion.means",
        _HEAD + "1.update_net.2.bias",
        "prior_model.atomref.weight",
        "mean",
        "std",
    )
    missing = [name for name in needed if name not in arrays]
    if missing or layers < 1:
        raise InputError(
            f"the weights lack {(missing or [_BODY + 'vis_mp_layers'])[0]!r}; "
            "expected the state dict of a PyTorch Geometric ViSNet"
        )
    if any("t_src_proj" in name for name in arrays):
        raise InputError(
            "the weights are of a ViSNet with vertex=True; expected one with vertex=False"
        )
    if any("vec_layernorm" in name and (value != 1).any() for name, value in arrays.items()):
        raise InputError(
            "the weights scale vectors (trainable_vecnorm); expected vec_layernorm weights of one"
        )
    if float(arrays["mean"]) != 0.0:
        raise InputError(
            f"the weights add {float(arrays['mean'])} to the energy of a frame of any size; "
            "set `mean` to 0 and give reference energies of atoms instead"
        )
    means = arrays[_BODY + "distance_expansion.means"]
    trained = not np.allclose(means, np.linspace(means[0], 1.0, len(means)), atol=1e-5)
    if not trained and not math.isclose(means[0], math.exp(-cutoff), rel_tol=1e-3):
        raise InputError(
            f"cutoff is {cutoff} Å, but the radial functions are of a cutoff of "
            f"{-math.log(means[0]):.3f} Å; use that cutoff"
        )
    return layers
