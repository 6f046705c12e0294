"""What a teacher knows of atoms beside their energies: final invariant features, embeddings.

Features are what the teacher's readout gets; the embedding is what stands for an element before any
neighbour is looked at. Both are read where the packages' own networks compute them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .messages import RefusedError

DIMER = 2.0  # Å; an element is shown to the teacher as a pair of atoms, which all of them take


def node_features(kind: str, calculator: Any, structure: Any) -> Any:
    """Return the invariant features of the atoms before the readout, [n, width].

    SevenNet: what `reduce_input_to_hidden` gets. MACE: its invariant descriptors of all layers.
    CHGNet: its atom features before the last convolution, which the package calls so.
    """
    if kind == "sevennet":
        module = _module(calculator.model, "reduce_input_to_hidden")
        with _seen(module) as seen:
            _evaluate(calculator, structure)
        return _array(seen[-1][0])
    if kind == "mace":
        found = calculator.get_descriptors(structure, invariants_only=True)
        members = found if isinstance(found, list) else [found]
        return np.concatenate([np.asarray(own) for own in members], axis=1)
    if kind == "chgnet":
        from pymatgen.io.ase import AseAtomsAdaptor

        crystal = AseAtomsAdaptor.get_structure(structure)
        found = calculator.model.predict_structure(crystal, task="e", return_atom_feas=True)
        return np.asarray(found["atom_fea"], dtype=float).reshape(len(structure), -1)
    raise _without(kind)


def embedding(kind: str, calculator: Any, numbers: Sequence[int]) -> Any:
    """Return the embedding of each element, [n_elements, width].

    SevenNet: what `onehot_to_feature_x` gives. MACE: `node_embedding`. CHGNet: `atom_embedding`.
    """
    if kind not in ("sevennet", "mace", "chgnet"):
        raise _without(kind)
    name = {
        "sevennet": "onehot_to_feature_x",
        "mace": "node_embedding",
        "chgnet": "atom_embedding",
    }[kind]
    network = calculator.models[0] if kind == "mace" else calculator.model
    module = _module(network, name)
    rows = []
    for number in numbers:
        with _seen(module) as seen:
            _evaluate(calculator, _dimer(number))
        rows.append(_array(seen[-1][1])[0])
    return np.stack(rows)


def _without(kind: str) -> RefusedError:
    return RefusedError(
        "model",
        f"teacher {kind!r} gives no features of atoms; expected sevennet, mace or chgnet",
    )


def _module(network: Any, name: str) -> Any:
    module = dict(network.named_children()).get(name)
    if module is None:
        known = ", ".join(child for child, _ in network.named_children())
        raise RefusedError(
            "model",
            f"this model has no layer {name!r}, from which features are read; it has {known}",
        )
    return module


@contextmanager
def _seen(module: Any) -> Iterator[list[tuple[Any, Any]]]:
    """Collect what goes into a module and what comes out.

    SevenNet's modules pass one graph on and write into it: what they read and wrote is its `x`,
    copied before and after.
    """
    seen: list[tuple[Any, Any]] = []
    before: list[Any] = []

    def enter(_module: Any, arguments: tuple[Any, ...]) -> None:
        before.append(_x(arguments[0]))

    def leave(_module: Any, _arguments: tuple[Any, ...], output: Any) -> None:
        seen.append((before.pop(), _x(output)))

    handles = [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _x(value: Any) -> Any:
    """Return the tensor, or the node features `x` of a graph, as they are now."""
    import torch

    tensor = value if isinstance(value, torch.Tensor) else value["x"]
    return tensor.detach().clone()


def _array(tensor: Any) -> Any:
    array = tensor.detach().cpu().double().numpy()
    return array.reshape(len(array), -1)


def _evaluate(calculator: Any, structure: Any) -> None:
    if hasattr(calculator, "reset"):
        calculator.reset()  # a structure asked for twice is evaluated twice
    structure.calc = calculator
    structure.get_potential_energy()


def _dimer(number: int) -> Any:
    from ase import Atoms

    return Atoms([number, number], [[0.0, 0, 0], [DIMER, 0, 0]], cell=[12.0, 12.0, 12.0], pbc=True)
