"""Gradients of a loss of energies, forces and stresses in the weights."""

from __future__ import annotations

import torch
from ase import Atoms
from torch import Tensor

from ipip.models import Student
from ipip.physics.laws.derivatives import slope
from ipip.physics.laws.evaluation import require_close
from ipip.physics.laws.structures import packed_box
from ipip.testing.checks import ContractError
from ipip.testing.student.graphs import graph_of, pair_of, trainable

STEP = 1e-4  # of a weight


def _gradients(student: Student, structures: list[Atoms]) -> list[Tensor]:
    energy, forces, strain = trainable(student, graph_of(student, structures))
    loss = (energy**2).sum() + (forces**2).sum() + (strain**2).sum()
    found = torch.autograd.grad(loss, list(student.parameters()), materialize_grads=True)
    return list(found)


def gradients_are_finite(student: Student, distance: float) -> None:
    """Gradients are finite for an isolated pair and a lone atom, whose vectors are zero."""
    isolated = pair_of(student, distance) + Atoms(student.symbols[0], [[80.0, 0, 0]])
    gradients = _gradients(student, [isolated])
    for (name, _), gradient in zip(student.named_parameters(), gradients, strict=True):
        if not bool(torch.isfinite(gradient).all()):
            raise ContractError(
                f"the gradient of a loss with forces in {name} is not finite for a pair {distance} "
                "Å apart and a lone atom; look for a norm or a root of zero"
            )
    if not any(bool(gradient.any()) for gradient in gradients):
        raise ContractError("no weight has a gradient for an isolated pair and a lone atom")


def force_gradients_are_derivatives(student: Student) -> None:
    """Squared forces change by their gradient when weights change, all at once or separately."""
    graph = graph_of(student, [packed_box(student.symbols, n=6, length=5.0)])
    names, parameters = zip(*student.named_parameters(), strict=True)

    def loss() -> Tensor:
        return (trainable(student, graph)[1] ** 2).sum()

    gradients = torch.autograd.grad(loss(), parameters, materialize_grads=True)
    kept = [parameter.detach().clone() for parameter in parameters]

    def change(directions: list[Tensor]) -> float:
        def value(step: float) -> float:
            with torch.no_grad():
                for parameter, old, u in zip(parameters, kept, directions, strict=True):
                    parameter.copy_(old + step * u)
            return float(loss().detach())

        found = slope(value, STEP)
        value(0.0)
        return found

    generator = torch.Generator().manual_seed(11)
    every = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]
    moves = {"all weights": every}
    for index in range(0, len(names), 5):
        alone = [torch.zeros_like(p) for p in parameters]
        alone[index].view(-1)[int(gradients[index].abs().argmax())] = 1.0
        moves[names[index]] = alone
    size = max(float(g.norm()) for g in gradients)
    for name, directions in moves.items():
        pairs = zip(gradients, directions, strict=True)
        found = float(sum((g * u).sum() for g, u in pairs))
        expected = change(directions)
        bound = 2e-5 * abs(expected) + 1e-8 * size
        require_close(f"the gradient of squared forces in {name}", found, expected, bound, "")


def gradient_of_a_batch_is_the_sum(student: Student) -> None:
    """The gradient of three structures in a batch is the sum of their gradients."""
    parts = [packed_box(student.symbols, seed, n) for seed, n in ((0, 8), (1, 1), (2, 5))]
    together = _gradients(student, parts)
    alone = [_gradients(student, [part]) for part in parts]
    for index, (name, _) in enumerate(student.named_parameters()):
        expected = sum(each[index] for each in alone)
        assert isinstance(expected, Tensor)
        bound = 1e-10 * max(float(expected.abs().max()), 1e-12)
        what = f"the gradient of a batch in {name}"
        require_close(what, together[index].numpy(), expected.numpy(), bound, "")
