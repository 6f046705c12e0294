"""A learning rate from a short range test (Smith, WACV 2017), by training a copy."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import torch

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.models import Student
from ipip.network.graph import Graph
from ipip.pages import figure_of, render_plain_page
from ipip.storage.atomic import write_text
from ipip.train.fitting.loaders import TrainingBatches, graph_dataset
from ipip.train.fitting.module import TrainingModule
from ipip.train.fitting.session import device_of
from ipip.train.preparation.energy_scale import set_energy_scale
from ipip.train.preparation.freeze import freeze

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 100
SMOOTHING = 0.98  # of the running average of the loss, per step
LEAST_FALL = 0.1  # of the loss, for a suggestion
LEAST_STEPS = 10  # with a finite loss, for a curve
DIVERGED = 4.0  # times the largest running average of the first steps, which learn nothing yet


@dataclasses.dataclass(frozen=True)
class RateSearch:
    """A range test.

    Attributes:
        suggestion: two thirds along the longest fall of the smoothed loss.
        rates, losses: of each step; the losses are running averages.
        diverged_at: rate at which the loss was `DIVERGED` times what it was at first, or not
            finite, so that the sweep ended; None where it never was.
    """

    suggestion: float
    rates: list[float]
    losses: list[float]
    diverged_at: float | None = None


def find_rate(
    student: Student,
    frames: Sequence[Frame],
    settings: TrainingSettings,
    *,
    seed: int,
    steps: int = STEPS,
) -> RateSearch:
    """Train a copy of a student for some steps at exponentially rising rates.

    The sweep ends where the loss diverges, which is what it looks for.

    Args:
        student: with its starting weights.
        frames: training frames.
        settings: of the training; `learning_rate` has no effect here.
        seed: of the order of frames.
        steps: optimiser steps from 1e-6 to 1.

    Raises:
        IpipError: the loss never falls, or is not finite from the start.
    """
    trial = copy.deepcopy(student).cpu()
    freeze(trial, settings.freeze)
    set_energy_scale(trial, frames, settings)
    trial = trial.to(device_of(settings)).train()
    batches = TrainingBatches(graph_dataset(frames, trial, settings), settings, seed)
    module = TrainingModule(trial, [], settings, steps)
    tried = np.geomspace(LOWEST, HIGHEST, steps)
    with torch.no_grad():
        losses = np.array(list(_sweep(module, batches, tried)))
    tried = tried[: len(losses)]
    usable = np.isfinite(losses)
    last = len(tried) - 1 if usable.all() else int(np.argmin(usable))  # the first that is not
    diverged_at = float(tried[last]) if last < steps - 1 or not usable.all() else None
    rates, losses = tried[usable], losses[usable]
    if len(losses) < min(LEAST_STEPS, steps):
        raise IpipError(
            f"the loss is not finite from step {len(losses)} on, at a learning rate of "
            f"{tried[len(losses)]:.1g}; look at the labels (`ipip train --dry-run`)"
        )
    start, end = longest_fall(losses)
    if end - start < len(losses) // 10 or losses[end] > (1.0 - LEAST_FALL) * losses[start]:
        raise IpipError(
            f"the loss never falls between learning rates {LOWEST:g} and {HIGHEST:g}; look at the "
            "labels (`ipip train --dry-run`)"
        )
    suggestion = rates[start + 2 * (end - start) // 3]
    return RateSearch(float(suggestion), rates.tolist(), losses.tolist(), diverged_at)


def _sweep(
    module: TrainingModule, batches: TrainingBatches, rates: npt.NDArray[np.float64]
) -> Iterator[float]:
    """Yield the running average of the loss after each step, to the rate where it diverges."""
    average, averages = 0.0, list[float]()
    for step, (batch, rate) in enumerate(zip(_endless(batches), rates, strict=False), 1):
        loss = module.loss_of(batch.to(module.device))
        average = SMOOTHING * average + (1.0 - SMOOTHING) * float(loss.detach())
        averages.append(average / (1.0 - SMOOTHING**step))  # which starts from nothing
        yield averages[-1]
        diverged = step > LEAST_STEPS and averages[-1] > DIVERGED * max(averages[:LEAST_STEPS])
        if diverged or not np.isfinite(average):
            return
        module.take_step(loss, float(rate))


def _endless(batches: TrainingBatches) -> Iterator[Graph]:
    for epoch in itertools.count():
        batches.start(epoch)
        yield from batches


def longest_fall(losses: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Return the first and last index of the longest falling subsequence: noise does not end it."""
    best = np.ones(len(losses), dtype=int)
    before = np.arange(len(losses))
    for end in range(1, len(losses)):
        higher = np.flatnonzero(losses[:end] > losses[end])
        if higher.size:
            start = higher[np.argmax(best[higher])]
            best[end], before[end] = best[start] + 1, start
    end = int(np.argmax(best)) if len(losses) else 0
    start = end
    while len(losses) and before[start] != start:
        start = int(before[start])
    return start, end


def write_rate_page(search: RateSearch, path: Path) -> None:
    """Draw the loss against the learning rate as a self-contained HTML page."""
    figure = go.Figure()
    figure.add_scatter(x=search.rates, y=search.losses, mode="lines", name="loss")
    figure.add_vline(x=search.suggestion, line={"color": "#D55E00", "dash": "dot"})
    figure.update_xaxes(type="log", exponentformat="power", title_text="learning rate")
    figure.update_yaxes(type="log", title_text="loss (running average)")
    heading = f"Suggested learning rate: {search.suggestion:.2g}"
    caption = "Running average of the training loss. Dotted: the suggestion."
    drawn = figure_of(figure, "loss", "Loss by learning rate", caption, wide=True)
    page = render_plain_page(
        name="ipip training", title="Learning rates", heading=heading, figures=[drawn]
    )
    write_text(path, page)
