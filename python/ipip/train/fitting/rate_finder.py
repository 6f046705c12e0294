"""A learning rate from a short range test (Smith, WACV 2017), run by Lightning's tuner."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import torch
from lightning.pytorch.tuner.tuning import Tuner
from torch import Tensor
from torch_geometric.data import Batch

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.models import Student
from ipip.pages import figure_of, render_plain_page
from ipip.storage.atomic import write_text
from ipip.train.fitting.lightning_output import quiet_lightning
from ipip.train.fitting.loaders import graph_dataset, train_loader
from ipip.train.fitting.module import TrainingModule
from ipip.train.fitting.session import SILENT, machine
from ipip.train.preparation.energy_scale import set_energy_scale
from ipip.train.preparation.freeze import freeze

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 100
LEAST_FALL = 0.1  # of the loss, for a suggestion
LEAST_STEPS = 10  # with a finite loss, for a curve
DIVERGED = 4.0  # times the largest running average of the first steps, which learn nothing yet


@dataclasses.dataclass(frozen=True)
class RateSearch:
    """A range test.

    Attributes:
        suggestion: two thirds along the longest fall of the smoothed loss.
        rates, losses: of each step; the losses are Lightning's running averages.
        diverged_at: rate at which the loss was `DIVERGED` times what it was at first, or not
            finite, so that the sweep ended; None where it never was.
    """

    suggestion: float
    rates: list[float]
    losses: list[float]
    diverged_at: float | None = None


class _RangeTest(TrainingModule):
    """Training steps whose learning rate is set from outside."""

    def __init__(self, student: Student, settings: TrainingSettings, steps: int) -> None:
        super().__init__(student, [], settings, steps + 1)
        self.lr = settings.learning_rate

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Leave the rate to the tuner."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch; one that is not finite ends the sweep, which looks for it."""
        loss = self.loss_of(batch)
        if not torch.isfinite(loss):
            self.trainer.should_stop = True
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """End the sweep where the loss that the tuner has averaged diverges."""
        trainer: Any = self.trainer
        (tuner,) = trainer.callbacks  # those of the training are put aside for the sweep
        losses = tuner.losses
        if len(losses) > LEAST_STEPS and losses[-1] > DIVERGED * max(losses[:LEAST_STEPS]):
            self.trainer.should_stop = True

    def on_train_epoch_end(self) -> None:
        """Neither validate nor write anything."""


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
    loader, _ = train_loader(graph_dataset(frames, trial, settings), settings, seed)
    module = _RangeTest(trial.train(), settings, steps)
    with (
        tempfile.TemporaryDirectory(prefix="ipip-rate-") as folder,
        quiet_lightning(),
        _bar_in_terminals_only(),
    ):
        trainer = lightning.Trainer(
            **machine(settings),
            **SILENT,
            max_epochs=-1,
            gradient_clip_val=settings.gradient_clip,
            default_root_dir=folder,
        )
        found = Tuner(trainer).lr_find(
            module,
            loader,
            min_lr=LOWEST,
            max_lr=HIGHEST,
            num_training=steps,
            early_stop_threshold=None,  # it goes by the first batch, which may be an easy one
            update_attr=False,
        )
    assert found is not None
    tried, losses = (np.array(found.results[name], dtype=float) for name in ("lr", "loss"))
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


@contextlib.contextmanager
def _bar_in_terminals_only() -> Iterator[None]:
    """Hide the tuner's progress bar where nobody looks."""
    if sys.stderr.isatty():
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


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
