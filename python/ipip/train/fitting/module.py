"""One training as Lightning sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from torch import Tensor
from torch_geometric.data import Batch

from ipip.config.training import TrainingSettings
from ipip.errors import IpipError
from ipip.models import Student
from ipip.train import processes
from ipip.train.fitting.averaging import AveragedWeights
from ipip.train.fitting.loaders import ValidationBatches
from ipip.train.fitting.schedule import LearningRate
from ipip.train.fitting.termination import Termination
from ipip.train.loss.epoch_loss import EpochLoss
from ipip.train.loss.label_loss import TERMS, LossSums, training_sums
from ipip.train.loss.objective import Objective, ObjectiveMeans, step_generator
from ipip.train.loss.validation import evaluate_batches
from ipip.train.prediction.kernels import EnergyForces, energy_forces_of, kernels_of_steps

STATE = "ipip"


class TrainingModule(lightning.LightningModule):
    """Steps, validation with averaged weights, and all state that a checkpoint must hold.

    Args:
        student: the student; trained in place.
        valid: batched validation graphs; empty for none (the last weights are then the best).
        settings: of the training.
        total_steps: optimiser steps of the whole training.
        after_epoch: called in this order after each epoch is validated (checkpoints, then logs).
        termination: tells when to end early; None: never.
        save: writes `last.ckpt` in the middle of an epoch, and returns where.
        objective: a further loss; its heads train with the student.
        seed: of the objective's draws.

    Attributes:
        history: one row per epoch: epoch, step, learning_rate, train_loss, valid_*, wall_s.
        best_epoch, best_loss: of the validation so far; -1 and infinity before the first.
        improved: the last epoch was the best so far.
        finished: the training came to its end.
        resumed_just_now: this is the first epoch after a resume.
        stopping: SIGTERM asks all processes to end.
    """

    def __init__(
        self,
        student: Student,
        valid: ValidationBatches | Sequence[Batch],
        settings: TrainingSettings,
        total_steps: int,
        after_epoch: Sequence[Callable[[TrainingModule], None]] = (),
        termination: Termination | None = None,
        save: Callable[[TrainingModule], Path] | None = None,
        objective: Objective | None = None,
        seed: int = 0,
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
        self.stopping = False
        self._after_epoch = list(after_epoch)
        self._termination, self._save = termination, save
        self._valid = valid
        self._epoch_loss = EpochLoss(settings)
        self.heads = None if objective is None else objective.heads
        self._objective, self._seed = objective, seed
        self._objective_means = ObjectiveMeans()
        self._evaluate: EnergyForces | None = None
        self._wall_before = 0.0
        self._started = time.monotonic()

    def on_fit_start(self) -> None:
        """Bring what Lightning does not know of to the device, and start the clock."""
        self.average.to(self.device)
        self._started = time.monotonic()

    def on_train_start(self) -> None:
        """Take SIGTERM over, now that Lightning has registered its own handler."""
        if self._termination is not None:
            self._termination.listen()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW or Adam on the weights that are not frozen."""
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[self.settings.optimizer]
        return kind(
            [parameter for parameter in self.parameters() if parameter.requires_grad],
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            amsgrad=self.settings.amsgrad,
            fused=self.settings.precision == "full",  # Lightning clips no others when it casts
        )

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate of this step."""
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.rate.rate(self.global_step)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch.

        Raises:
            IpipError: it is not finite.
        """
        loss = self.loss_of(batch)
        if not torch.isfinite(loss):
            raise IpipError(
                f"the training loss is {float(loss.detach())} in epoch {self.current_epoch}, "
                f"step {self.global_step}; "
                "lower learning_rate, or look for wrong labels among the training frames"
            )
        return loss

    def loss_of(self, batch: Batch) -> Tensor:
        """Return the loss of a batch, finite or not, and count it in that of the epoch."""
        if self._evaluate is None:  # the student is on its device now
            self._evaluate = energy_forces_of(
                self.student, kernels_of_steps(self.settings), log_choice=processes.is_first()
            )
        own = self._objective
        if own is None or own.uses_labels:
            sums = training_sums(batch, self._evaluate, self.settings)
        else:
            nothing = batch.energy.new_zeros(len(TERMS))
            sums = LossSums(nothing, nothing)
        self._epoch_loss.add(sums)
        loss = self._loss(sums)
        if own is not None:
            draws = step_generator(self._seed, self.global_step)
            further, parts = own.loss(self.student, self._evaluate, batch, draws)
            loss = loss + further
            self._objective_means.add(further, parts)
        return loss

    def _loss(self, sums: LossSums) -> Tensor:
        """Return this process's part of the loss, whose mean over processes is that of the batch.

        The processes also agree on ending: a signal reaches each of them at another step.
        """
        asked = self._termination is not None and self._termination.asked
        if processes.count() == 1:
            self.stopping = asked
            return sums.loss(self.settings)
        totals = processes.sum_over(torch.cat([sums.counts, sums.counts.new_tensor([asked])]))
        self.stopping = bool(totals[3] > 0)
        return processes.count() * sums.over(totals[:3]).loss(self.settings)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Take the new weights into their average; end the epoch when all steps are done."""
        self.average.update()
        self._epoch_loss.batches = batch_idx + 1
        if self.global_step >= self.total_steps:
            self.trainer.should_stop = True
        elif self.stopping and not self.trainer.is_last_batch:
            self._end_early()

    def _end_early(self) -> None:
        """Save and end; at the end of an epoch the checkpoints have been written."""
        assert self._save is not None and self._termination is not None
        where = self._save(self)
        self._termination.end(where)

    def on_train_epoch_end(self) -> None:
        """Validate, decide on best, schedule and end, then let checkpoints and logs be written."""
        settings = self.settings
        epoch = self.current_epoch
        row: dict[str, Any] = {
            "epoch": epoch,
            "step": self.global_step,
            "learning_rate": self.rate.rate(max(self.global_step - 1, 0)),
            "train_loss": self._epoch_loss.take(),
        }
        if self._objective is not None:
            row |= (further := self._objective_means.take())
            row["train_loss"] += further.get("train_objective", 0.0)
        last = self.global_step >= self.total_steps or epoch + 1 >= settings.max_epochs
        self.improved = False
        if len(self._valid) and (last or (epoch + 1) % settings.validate_every == 0):
            with self.average.applied():
                errors = evaluate_batches(self.student, self._valid, settings)
            row |= {f"valid_{name}": value for name, value in errors.items()}
            self._validated(epoch, errors["loss"])
        elif not len(self._valid):
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
        if self.stopping and not self.finished:
            self._end_early()

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
            "epoch": self.current_epoch,
            "partial": self._epoch_loss.state(),
            "objective": self._objective_means.state(),
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
        self._epoch_loss.load(state["partial"])
        self._objective_means.load(state.get("objective"))


def resume_point(checkpoint: dict[str, Any]) -> tuple[int, int]:
    """Return the epoch in which a checkpoint's training goes on, and its batches that are done."""
    state = checkpoint[STATE]
    if state["partial"] is None:
        return state["epoch"] + 1, 0
    return state["epoch"], state["partial"]["batches"]
