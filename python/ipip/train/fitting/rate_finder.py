"""A learning rate by comparison: short trainings at several rates, each with a full schedule.

A sweep of one training over rising rates (Smith, WACV 2017) shows where its first steps diverge;
its suggestion was a quarter of the best rate of whole trainings. docs/training.md has figures.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import plotly.graph_objects as go
import torch

from ipip.config.training import TrainingSettings, seconds_of, steps_of
from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.models import Student
from ipip.network.graph import Graph
from ipip.pages import figure_of, render_plain_page
from ipip.storage.atomic import write_text
from ipip.train.fitting.loaders import TrainingBatches, ValidationBatches, graph_dataset
from ipip.train.fitting.module import TrainingModule
from ipip.train.fitting.session import device_of
from ipip.train.loss.validation import evaluate_batches
from ipip.train.preparation.energy_scale import set_energy_scale
from ipip.train.preparation.freeze import freeze

RATES = (2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1)
STEPS = 200  # of each training: with 100 the order of rates is noise, with 1000 unchanged
VALIDATED = 64  # frames
LEAST_FALL = 0.1  # of the loss, for a suggestion
TOO_HIGH = 2.0  # times the least loss: no rate above is tried


@dataclasses.dataclass(frozen=True)
class RateSearch:
    """Short trainings at rising rates.

    Attributes:
        suggestion: the rate with the least loss.
        rates: the tried ones that ended with a finite loss.
        losses: of each, on the validation frames, with averaged weights.
        steps: of each training.
        diverged_at: rate at which the training ended worse than it started, or not finite; None
            if none did.
    """

    suggestion: float
    rates: list[float]
    losses: list[float]
    steps: int
    diverged_at: float | None = None


def find_rate(
    student: Student,
    frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    *,
    seed: int,
    steps: int = STEPS,
) -> RateSearch:
    """Train copies of a student for some steps, each at a different rate, and compare them.

    The rate of the settings is tried too.

    Args:
        student: with its starting weights; not changed.
        frames: training frames.
        valid_frames: some of them measure the loss; if empty, training frames do.
        settings: of the training.
        seed: of the order of frames.
        steps: optimiser steps of each training, at most those of the whole training.

    Raises:
        IpipError: no rate lowers the loss.
    """
    start = copy.deepcopy(student).cpu()
    freeze(start, settings.freeze)
    set_energy_scale(start, frames, settings)
    start = start.to(device_of(settings)).train()
    alone = settings.model_copy(update={"workers": 0})
    batches = TrainingBatches(graph_dataset(frames, start, settings), alone, seed)
    some = (valid_frames or frames)[:VALIDATED]
    valid = ValidationBatches(graph_dataset(some, start, settings))
    if seconds_of(settings) is None:
        steps = min(steps, steps_of(settings, len(frames)))
    with torch.no_grad():
        before = evaluate_batches(start, valid, settings)["loss"]
    losses: dict[float, float] = {}
    diverged_at = None
    for rate in sorted({*RATES, settings.learning_rate}):
        loss = _loss_after(steps, rate, start, batches, valid, settings)
        if math.isfinite(loss):
            losses[rate] = loss
        if not loss < before:
            diverged_at = rate
        if not loss < TOO_HIGH * min(losses.values(), default=before):
            break
    suggestion = min(losses, key=losses.__getitem__, default=None)
    if suggestion is None or not losses[suggestion] < (1.0 - LEAST_FALL) * before:
        raise IpipError(
            f"no learning rate from {min(RATES):g} on lowers the loss of {before:.3g} in {steps} "
            "steps; check the labels (`ipip train --dry-run`)"
        )
    return RateSearch(suggestion, list(losses), list(losses.values()), steps, diverged_at)


def _loss_after(
    steps: int,
    rate: float,
    start: Student,
    batches: TrainingBatches,
    valid: ValidationBatches,
    settings: TrainingSettings,
) -> float:
    """Return the validation loss after a training at a rate; infinity if it diverges."""
    trial = copy.deepcopy(start)
    tried = settings.model_copy(update={"learning_rate": rate})
    module = TrainingModule(trial, [], tried, steps)
    try:
        with torch.no_grad():
            for batch in itertools.islice(_endless(batches), steps):
                module.training_step(batch.to(module.device))
            with module.average.applied():
                return evaluate_batches(trial, valid, settings)["loss"]
    except IpipError:  # the loss of a step is not finite
        return math.inf


def _endless(batches: TrainingBatches) -> Iterator[Graph]:
    for epoch in itertools.count():
        batches.start(epoch)
        yield from batches


def write_rate_page(search: RateSearch, path: Path) -> None:
    """Draw the loss against the learning rate as a self-contained HTML page."""
    figure = go.Figure()
    figure.add_scatter(x=search.rates, y=search.losses, mode="lines+markers", name="loss")
    figure.add_vline(x=search.suggestion, line={"color": "#D55E00", "dash": "dot"})
    figure.update_xaxes(type="log", exponentformat="power", title_text="learning rate")
    figure.update_yaxes(type="log", title_text="validation loss")
    heading = f"Suggested learning rate: {search.suggestion:.2g}"
    caption = f"Validation loss after {search.steps} steps at each rate. Dotted: the suggestion."
    drawn = figure_of(figure, "loss", "Loss by learning rate", caption, wide=True)
    page = render_plain_page(
        name="ipip training", title="Learning rates", heading=heading, figures=[drawn]
    )
    write_text(path, page)
