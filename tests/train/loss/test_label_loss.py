"""The losses of the paper, against plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.network import GraphDataset
from ipip.network.graph import Graph, join_graphs
from ipip.train.loss.kernel_loss import KernelLoss
from ipip.train.loss.label_loss import loss_sums

SIZES = (2, 3)


def batch_frames() -> list[Frame]:
    """Two frames of 2 and 3 oxygen atoms with simple labels; the second has a stress."""
    return [
        Frame(
            np.full(n, 8),
            np.arange(3.0 * n).reshape(n, 3),
            np.eye(3) * 10,
            np.ones(3, bool),
            energy=float(n),
            forces=np.ones((n, 3)),
            stress=np.eye(3) * 0.01 if n == 3 else None,
        )
        for n in SIZES
    ]


def as_batch(frames: list[Frame], kind_weights: dict[str, float] | None = None) -> Graph:
    return join_graphs(GraphDataset(frames, ["O"], 3.0, kind_weights=kind_weights).graphs)


def batch() -> Graph:
    return as_batch(batch_frames())


def predictions() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return energies, forces and strain derivatives that miss the labels."""
    random = torch.Generator().manual_seed(1)
    energy = torch.tensor([3.0, 1.0], dtype=torch.float64)
    forces = torch.randn(5, 3, generator=random, dtype=torch.float64)
    strain = torch.randn(2, 3, 3, generator=random, dtype=torch.float64)
    return energy, forces, strain


@pytest.mark.parametrize("energy_per", ["frame", "atom"])
@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_losses_are_equations_3_and_4(loss: str, energy_per: str) -> None:
    weights: dict[str, Any] = {"energy_weight": 0.3, "forces_weight": 2.0, "stress_weight": 5.0}
    settings = TrainingSettings(loss=loss, energy_per=energy_per, **weights)  # type: ignore[arg-type]
    energy, forces, strain = predictions()
    value = loss_sums(batch(), energy, forces, strain, settings).loss(settings)
    power = 2 if loss == "squared" else 1
    delta = (energy.numpy() - SIZES) / (SIZES if energy_per == "atom" else 1)
    norms = np.linalg.norm(forces.numpy() - 1.0, axis=1)
    misfit = np.linalg.norm(strain[1].numpy() / 1000.0 - np.eye(3) * 0.01)
    expected = (
        0.3 * np.mean(np.abs(delta) ** power) + 2.0 * np.mean(norms**power) + 5.0 * misfit**power
    )
    assert float(value) == pytest.approx(expected, rel=1e-12)


def test_gradient_of_the_force_norm_is_finite_at_zero_error() -> None:
    settings = TrainingSettings(loss="absolute")
    forces = torch.ones(5, 3, dtype=torch.float64, requires_grad=True)
    energy = torch.tensor([2.0, 3.0], dtype=torch.float64)
    strain = torch.zeros(2, 3, 3, dtype=torch.float64)
    loss_sums(batch(), energy, forces, strain, settings).loss(settings).backward()
    assert forces.grad is not None and not forces.grad.any()


@pytest.mark.parametrize("energy_per", ["frame", "atom"])
@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_compiled_sums_and_slopes_match_autograd(loss: str, energy_per: str) -> None:
    settings = TrainingSettings(
        loss=loss,  # type: ignore[arg-type]
        energy_per=energy_per,  # type: ignore[arg-type]
        huber_energy=0.6,
        huber_forces=2.0,
        energy_weight=0.3,
        stress_weight=5.0,
    )
    graph = as_batch([frame.replace(info={"config_weight": 3.0}) for frame in batch_frames()])
    predicted = predictions()
    predicted[1][2] = 1.0  # no error: the slope of its norm is 0
    leaves = [value.requires_grad_() for value in predicted]
    sums = loss_sums(graph, predicted[0], predicted[1], predicted[2], settings)
    expected = torch.autograd.grad(sums.loss(settings), leaves)
    with torch.no_grad():
        compiled = KernelLoss(graph, predicted, settings)
        same = compiled.sums()
        loss, factors = same.loss_and_factors(settings)
        found = compiled.slopes(factors)
    torch.testing.assert_close(same.sums, sums.sums.detach(), rtol=1e-13, atol=0.0)
    torch.testing.assert_close(same.counts, sums.counts, rtol=0.0, atol=0.0)
    assert loss == pytest.approx(sums.loss(settings).item(), rel=1e-13)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_sums_of_batches_give_the_loss_of_all_frames() -> None:
    settings = TrainingSettings()
    energy, forces, strain = predictions()
    whole = batch()
    together = loss_sums(whole, energy, forces, strain, settings)
    parts = [as_batch([frame]) for frame in batch_frames()]
    first = loss_sums(parts[0], energy[:1], forces[:2], strain[:1], settings)
    second = loss_sums(parts[1], energy[1:], forces[2:], strain[1:], settings)
    assert float((first + second).loss(settings)) == pytest.approx(float(together.loss(settings)))


def test_huber_is_squared_for_small_and_absolute_for_large_errors() -> None:
    settings = TrainingSettings(
        loss="huber",
        huber_energy=0.6,
        huber_forces=2.0,
        huber_stress=0.5,
        energy_weight=0.3,
        stress_weight=5.0,
    )
    energy, forces, strain = predictions()
    value = loss_sums(batch(), energy, forces, strain, settings).loss(settings)

    def huber(x: Any, delta: float) -> Any:
        return np.where(x <= delta, x**2 / 2, delta * (x - delta / 2))

    delta = np.abs(energy.numpy() - SIZES) / SIZES  # 0.5 and 0.67
    norms = np.linalg.norm(forces.numpy() - 1.0, axis=1)
    assert norms.min() < 2.0 < norms.max() and delta.min() < 0.6 < delta.max()
    misfit = np.linalg.norm(strain[1].numpy() / 1000.0 - np.eye(3) * 0.01)
    expected = 0.3 * huber(delta, 0.6).mean() + huber(norms, 2.0).mean() + 5 * huber(misfit, 0.5)
    assert float(value) == pytest.approx(expected, rel=1e-12)
    forces.requires_grad_(True)
    loss_sums(batch(), energy, forces, strain, settings).loss(settings).backward()
    assert forces.grad is not None
    np.testing.assert_array_less(np.linalg.norm(forces.grad, axis=1), 2.0 / 5 + 1e-12)


def test_weights_of_frames_and_of_kinds_multiply_their_terms() -> None:
    settings = TrainingSettings(stress_weight=5.0)
    energy, forces, strain = predictions()
    frames = batch_frames()
    plain = loss_sums(as_batch(frames), energy, forces, strain, settings)
    one = loss_sums(as_batch(frames[:1]), energy[:1], forces[:2], strain[:1], settings)
    other = loss_sums(as_batch(frames[1:]), energy[1:], forces[2:], strain[1:], settings)
    weighted = [
        frames[0].replace(weight=3.0),
        frames[1].replace(weight=0.5, info={"config_type": "rare"}),
    ]
    found = loss_sums(as_batch(weighted, {"rare": 8.0}), energy, forces, strain, settings)
    torch.testing.assert_close(found.sums, 3.0 * one.sums + 4.0 * other.sums)
    assert torch.equal(found.counts, plain.counts)
    alone = loss_sums(as_batch(weighted[:1]), energy[:1], forces[:2], strain[:1], settings)
    assert float(alone.loss(settings)) == pytest.approx(3.0 * float(one.loss(settings)))
