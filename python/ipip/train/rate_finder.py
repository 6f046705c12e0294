"""A learning rate from a short range test (Smith, WACV 2017), run by Lightning's tuner."""

from __future__ import annotations

import copy
import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import lightning
import numpy as np
import plotly.graph_objects as go
from lightning.pytorch.tuner import Tuner
from torch_geometric.data import Batch

from ipip.config.training import TrainingSettings
from ipip.data.atomic import write_text
from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.models import Student
from ipip.train.energy_scale import set_energy_scale
from ipip.train.freeze import freeze
from ipip.train.loaders import graph_dataset, train_loader
from ipip.train.module import TrainingModule
from ipip.train.quiet import quiet_lightning
from ipip.train.session import SILENT, machine

LOWEST, HIGHEST = 1e-6, 1.0
STEPS = 100


@dataclasses.dataclass(frozen=True)
class RateSearch:
    """A range test.

    Attributes:
        suggestion: the rate at which the smoothed loss falls most steeply.
        rates, losses: of each step; the losses are Lightning's running averages.
    """

    suggestion: float
    rates: list[float]
    losses: list[float]


class _RangeTest(TrainingModule):
    """Training steps whose learning rate is set from outside."""

    def __init__(self, student: Student, settings: TrainingSettings, steps: int) -> None:
        super().__init__(student, [], settings, steps + 1)
        self.lr = settings.learning_rate

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Leave the rate to the tuner."""

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

    Args:
        student: with its starting weights.
        frames: training frames.
        settings: of the training; `learning_rate` has no effect here.
        seed: of the order of frames.
        steps: optimiser steps from 1e-6 to 1.

    Raises:
        IpipError: the loss never falls.
    """
    trial = copy.deepcopy(student).cpu()
    freeze(trial, settings.freeze)
    set_energy_scale(trial, frames, settings)
    loader, _ = train_loader(graph_dataset(frames, trial, settings), settings, seed)
    module = _RangeTest(trial.train(), settings, steps)
    with tempfile.TemporaryDirectory(prefix="ipip-rate-") as folder, quiet_lightning():
        trainer = lightning.Trainer(
            **machine(settings),
            **SILENT | {"enable_checkpointing": False},
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
            early_stop_threshold=None,
            update_attr=False,
        )
    assert found is not None
    rates, losses = (np.array(found.results[name], dtype=float) for name in ("lr", "loss"))
    usable = np.isfinite(losses)
    suggestion = found.suggestion() if usable.sum() > 20 else None
    if suggestion is None:
        raise IpipError(
            f"the loss never falls between learning rates {LOWEST:g} and {HIGHEST:g}; look at the "
            "labels (`ipip train --dry-run`)"
        )
    return RateSearch(float(suggestion), rates[usable].tolist(), losses[usable].tolist())


def write_rate_page(search: RateSearch, path: Path) -> None:
    """Draw the loss against the learning rate as a self-contained HTML page."""
    figure = go.Figure()
    figure.add_scatter(x=search.rates, y=search.losses, mode="lines", name="loss")
    figure.add_vline(x=search.suggestion, line={"color": "#D55E00", "dash": "dot"})
    figure.update_xaxes(type="log", exponentformat="power", title_text="learning rate")
    figure.update_yaxes(type="log", title_text="loss (running average)")
    figure.update_layout(
        title_text=f"Steepest fall at a learning rate of {search.suggestion:.2g}",
        template="plotly_white",
    )
    write_text(path, figure.to_html(include_plotlyjs=True))
