"""Learning rate and averaged weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ipip.config.training import TrainingSettings
from ipip.network.flat_weights import FlatWeights
from ipip.train.fitting.averaging import AveragedWeights, put_average
from ipip.train.fitting.schedule import LearningRate


def test_warm_up_rises_linearly_and_cosine_ends_at_the_final_fraction() -> None:
    settings = TrainingSettings(
        learning_rate=1.0, warmup_steps=4, schedule="cosine", final_fraction=0.1
    )
    rate = LearningRate(settings, 104)
    assert [rate.rate(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rate.rate(54) == pytest.approx(0.55)
    assert rate.rate(104) == pytest.approx(0.1)
    assert rate.rate(1000) == pytest.approx(0.1)


def test_warm_up_takes_at_most_a_fifth_of_a_short_training() -> None:
    rate = LearningRate(TrainingSettings(learning_rate=1.0, warmup_steps=100), 20)
    assert [rate.rate(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_plateau_falls_after_its_patience_and_not_below_the_floor() -> None:
    settings = TrainingSettings(
        learning_rate=1.0,
        warmup_steps=0,
        schedule="plateau",
        plateau_factor=0.5,
        plateau_patience=1,
        final_fraction=0.2,
    )
    rate = LearningRate(settings, 100)
    for loss, expected in [(1.0, 1.0), (1.0, 1.0), (1.1, 0.5), (0.9, 0.5), (1, 0.5), (1, 0.25)]:
        rate.validated(loss)
        assert rate.rate(50) == expected
    copy = LearningRate(settings, 100)
    copy.load(rate.state())
    for each in (rate, copy):
        each.validated(1.0)
        each.validated(1.0)
        assert each.rate(50) == 0.2


def test_average_follows_the_weights_and_is_only_lent_to_the_module() -> None:
    layer = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        layer.weight.fill_(0.0)
    average = AveragedWeights(FlatWeights(list(layer.parameters())), 0.5)
    expected = 0.0
    for update in range(20):
        with torch.no_grad():
            layer.weight.fill_(float(update))
        average.update()
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * update
    with average.applied():
        assert layer.weight.item() == pytest.approx(expected)
    assert layer.weight.item() == 19.0
    put_average(layer, average.state(layer))
    assert layer.weight.item() == pytest.approx(expected)


def test_without_a_decay_the_weights_replace_their_average() -> None:
    layer = nn.Linear(2, 1)
    before = layer.weight.detach().clone()
    average = AveragedWeights(FlatWeights(list(layer.parameters())), None)
    average.update()
    with average.applied():
        assert torch.equal(layer.weight, before)
