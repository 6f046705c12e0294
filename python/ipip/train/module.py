"""One training as Lightning sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import lightning
import torch
from torch import Tensor
from torch_geometric.data import Batch

from ipip.config.training import TrainingSettings
from ipip.errors import IpipError
from ipip.models import Student
from ipip.train.averaging import AveragedWeights
from ipip.train.evaluate import evaluate_batches
from ipip.train.kernels import EnergyForces, energy_forces_of
from ipip.train.losses import LossSums, loss_sums
from ipip.train.schedule import LearningRate

STATE = "ipip"


class TrainingModule(lightning.LightningModule):
    """Steps, validation with averaged weights, and all state that a checkpoint must hold.

    Args:
        student: the student; trained in place.
        valid: batched validation graphs; empty for none (the last weights are then the best).
        settings: of the training.
        total_steps: optimiser steps of the whole training.
        after_epoch: called in this order after each epoch is validated (checkpoints, then logs).

    Attributes:
        history: one row per epoch: epoch, step, learning_rate, train_loss, valid_*, wall_s.
        best_epoch, best_loss: of the validation so far; -1 and infinity before the first.
        improved: the last epoch was the best so far.
        finished: the training came to its end.
        resumed_just_now: this is the first epoch after a resume.
    """

    def __init__(
        self,
        student: Student,
        valid: Sequence[Batch],
        settings: TrainingSettings,
        total_steps: int,
        after_epoch: Sequence[Callable[[TrainingModule], None]] = (),
    ) -> None:
        super().__init__()
        self.student = student
        self.settings = settings
        self.total_steps = total_steps
        self.rate = LearningRate(settings, total_steps)
        self.average = AveragedWeights(student, settings.ema_decay)
        self.history: list[dict[str, Any]] = []
        self.best_epoch = -1
        self.best_loss = float("inf")
        self.waited = 0
        self.improved = False
        self.finished = False
        self.resumed_just_now = False
        self._after_epoch = list(after_epoch)
        self._valid = list(valid)
        self._sums: LossSums | None = None
        self._evaluate: EnergyForces | None = None
        self._wall_before = 0.0
        self._started = time.monotonic()

    def on_fit_start(self) -> None:
        """Bring what Lightning does not know of to the device, and start the clock."""
        self.average.to(self.device)
        self._valid = [batch.to(self.device) for batch in self._valid]
        self._evaluate = energy_forces_of(self.student, self.settings.kernels, log_choice=True)
        self._started = time.monotonic()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW or Adam on the weights that are not frozen."""
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[self.settings.optimizer]
        return kind(
            [parameter for parameter in self.student.parameters() if parameter.requires_grad],
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=self.settings.amsgrad,
            fused=True,
        )

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.rate.rate(self.global_step)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        assert self._evaluate is not None
        energy, forces, strain = self._evaluate(
            batch.species,
            batch.edge_index,
            batch.edge_vec,
            batch.batch,
            batch.num_graphs,
            create_graph=True,
        )
        sums = loss_sums(batch, energy, forces, strain, self.settings)
        loss = sums.loss(self.settings)
        if not torch.isfinite(loss):
            raise IpipError(
                f"the training loss is {float(loss.detach())} in epoch {self.current_epoch}, "
                f"step {self.global_step}; "
                "lower learning_rate, or look for wrong labels among the training frames"
            )
        own = sums.detach()
        self._sums = own if self._sums is None else self._sums + own
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Take the new weights into their average; end the epoch when all steps are done."""
        self.average.update()
        if self.global_step >= self.total_steps:
            self.trainer.should_stop = True

    def on_train_epoch_end(self) -> None:
        """Validate, decide on best, schedule and end, then let checkpoints and logs be written."""
        settings = self.settings
        epoch = self.current_epoch
        row: dict[str, Any] = {
            "epoch": epoch,
            "step": self.global_step,
            "learning_rate": self.rate.rate(max(self.global_step - 1, 0)),
            "train_loss": float(self._sums.loss(settings)) if self._sums is not None else None,
        }
        self._sums = None
        last = self.global_step >= self.total_steps or epoch + 1 >= settings.max_epochs
        self.improved = False
        if self._valid and (last or (epoch + 1) % settings.validate_every == 0):
            with self.average.applied():
                errors = evaluate_batches(self.student, self._valid, settings, self._evaluate)
            row |= {f"valid_{name}": value for name, value in errors.items()}
            self._validated(epoch, errors["loss"])
        elif not self._valid:
            self.best_epoch, self.improved = epoch, True
        row["wall_s"] = self.wall_s
        self.history.append(row)
        patience = settings.early_stop_patience
        self.finished = last or (patience is not None and self.waited >= patience)
        if self.finished:
            self.trainer.should_stop = True
        for call in self._after_epoch:
            call(self)
        self.resumed_just_now = False

    def _validated(self, epoch: int, loss: float) -> None:
        self.rate.validated(loss)
        self.improved = loss < self.best_loss
        if self.improved:
            self.best_epoch, self.best_loss, self.waited = epoch, loss, 0
        else:
            self.waited += 1

    @property
    def wall_s(self) -> float:
        """Seconds of training, those before an interruption included."""
        return self._wall_before + time.monotonic() - self._started

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add everything that the rest of the training depends on."""
        checkpoint[STATE] = {
            "student": {
                "architecture": self.student.architecture,
                "symbols": self.student.symbols,
                "arguments": self.student.arguments,
            },
            "ema_decay": self.settings.ema_decay,
            "average": self.average.state(),
            "rate": self.rate.state(),
            "history": self.history,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "waited": self.waited,
            "finished": self.finished,
            "wall_s": self.wall_s,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore `on_save_checkpoint`."""
        state = checkpoint[STATE]
        self.resumed_just_now = True
        self.average.load(state["average"])
        self.rate.load(state["rate"])
        self.history = list(state["history"])
        self.best_epoch, self.best_loss = state["best_epoch"], state["best_loss"]
        self.waited, self.finished = state["waited"], state["finished"]
        self._wall_before = state["wall_s"]
