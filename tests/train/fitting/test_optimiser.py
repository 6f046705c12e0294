"""The optimiser on flat weights takes the steps of PyTorch's own, and continues earlier ones."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from torch import nn

from ipip.config.training import TrainingSettings
from ipip.errors import InputError
from ipip.network.flat_weights import FlatWeights
from ipip.train.fitting.optimiser import Optimiser


def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 5), nn.SiLU(), nn.Linear(5, 1))


def loss_of(net: nn.Module, step: int) -> torch.Tensor:
    inputs = torch.linspace(-1.0, 1.0 + step, 12).view(4, 3)
    return (net(inputs) ** 2).sum()


def advance(net: nn.Module, optimiser: Optimiser, steps: range) -> None:
    for step in steps:
        loss_of(net, step).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            optimiser.clip()
            optimiser.step(0.01 * (step + 1))


def theirs(settings: TrainingSettings, steps: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    net = network()
    kind: Any = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[settings.optimizer]
    optimiser: torch.optim.Optimizer = kind(
        net.parameters(), weight_decay=settings.weight_decay, amsgrad=settings.amsgrad
    )
    for step in range(steps):
        optimiser.zero_grad()
        loss_of(net, step).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.param_groups[0]["lr"] = 0.01 * (step + 1)
        optimiser.step()
    return net, optimiser


@pytest.mark.parametrize(
    "change", [{}, {"optimizer": "adam", "amsgrad": True, "weight_decay": 0.1}, {"weight_decay": 1}]
)
def test_steps_match_pytorch_and_continue_its_checkpoints(change: dict[str, Any]) -> None:
    settings = TrainingSettings(gradient_clip=1.0, **change)
    net = network()
    optimiser = Optimiser(FlatWeights(list(net.parameters())), settings)
    advance(net, optimiser, range(6))
    whole, _ = theirs(settings, 6)
    for mine, other in zip(net.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-7)

    half, before = theirs(settings, 3)  # as versions with Lightning wrote it
    again = Optimiser(FlatWeights(list(half.parameters())), settings)
    again.load({"optimizer_states": [before.state_dict()]})
    advance(half, again, range(3, 6))
    for mine, other in zip(half.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", ["adamw", "adam"])
def test_decay_does_not_change_weights_without_gradients(kind: Literal["adamw", "adam"]) -> None:
    torch.manual_seed(1)
    net = nn.ModuleList([nn.Embedding(3, 4), nn.Linear(4, 1), nn.Linear(2, 2)])
    before = [parameter.detach().clone() for parameter in net.parameters()]
    settings = TrainingSettings(optimizer=kind, weight_decay=0.5, gradient_clip=None)
    optimiser = Optimiser(FlatWeights(list(net.parameters())), settings)
    for species in (0, 1, 1):
        net[1](net[0](torch.tensor([species]))).sum().backward()
        with torch.no_grad():
            optimiser.step(0.01)
    embedding, *others = net.parameters()
    assert torch.equal(embedding[2], before[0][2]) and not torch.equal(embedding[1], before[0][1])
    assert all(torch.equal(own, first) for own, first in zip(others[2:], before[3:], strict=True))


def test_frozen_parameters_are_left_out_and_foreign_states_are_refused() -> None:
    net = network()
    net[0].weight.requires_grad_(False)  # type: ignore[index,union-attr]
    before = net[0].weight.clone()  # type: ignore[index,union-attr,operator]
    optimiser = Optimiser(FlatWeights(list(net.parameters())), TrainingSettings())
    advance(net, optimiser, range(2))
    assert torch.equal(net[0].weight, before)  # type: ignore[index,arg-type]
    whole = Optimiser(FlatWeights(list(network().parameters())), TrainingSettings())
    with pytest.raises(InputError, match="optimiser has 11 weights, the training 26"):
        whole.load({"optimizer": optimiser.state()})
