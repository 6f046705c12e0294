"""Inputs and outputs of a layer of a teacher's network, for one structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..refusal import RefusedError

DIMER = 2.0  # Å; elements are evaluated as pairs of atoms, which every teacher accepts


def layer_input(calculator: Any, network: Any, layer: str, structure: Any) -> Any:
    """Return the input of a layer for the atoms of a structure, [n, width].

    Raises:
        RefusedError: the network has no such layer.
    """
    with _recorded(_module(network, layer)) as calls:
        _evaluate(calculator, structure)
    return _array(calls[-1][0])


def layer_outputs(calculator: Any, network: Any, layer: str, numbers: Sequence[int]) -> Any:
    """Return the output of a layer for an atom of each element, [n_elements, width].

    Raises:
        RefusedError: the network has no such layer.
    """
    module = _module(network, layer)
    rows = []
    for number in numbers:
        with _recorded(module) as calls:
            _evaluate(calculator, _dimer(number))
        rows.append(_array(calls[-1][1])[0])
    return np.stack(rows)


def _module(network: Any, name: str) -> Any:
    module = dict(network.named_children()).get(name)
    if module is None:
        layers = ", ".join(child for child, _ in network.named_children())
        raise RefusedError(
            "model",
            f"this model has no layer {name!r}, from which features are read; it has {layers}",
        )
    return module


@contextmanager
def _recorded(module: Any) -> Iterator[list[tuple[Any, Any]]]:
    """Collect the inputs and outputs of a module.

    SevenNet's modules write into one graph that they pass on: input and output are its `x`,
    copied before and after.
    """
    calls: list[tuple[Any, Any]] = []
    before: list[Any] = []

    def enter(_module: Any, arguments: tuple[Any, ...]) -> None:
        before.append(_x(arguments[0]))

    def leave(_module: Any, _arguments: tuple[Any, ...], output: Any) -> None:
        calls.append((before.pop(), _x(output)))

    handles = [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield calls
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
        calculator.reset()  # no cached results: a repeated structure is evaluated again
    structure.calc = calculator
    structure.get_potential_energy()


def _dimer(number: int) -> Any:
    from ase import Atoms

    return Atoms([number, number], [[0.0, 0, 0], [DIMER, 0, 0]], cell=[12.0, 12.0, 12.0], pbc=True)
