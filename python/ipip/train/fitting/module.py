"""One training: its steps, its epochs, and all state that it needs to resume."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ipip.config.training import TrainingSettings
from ipip.errors import IpipError
from ipip.models import Student
from ipip.network.batches import batch_arguments
from ipip.network.flat_weights import FlatWeights
from ipip.network.graph import Graph
from ipip.train import processes
from ipip.train.fitting.averaging import AveragedWeights
from ipip.train.fitting.loaders import TrainingBatches, ValidationBatches
from ipip.train.fitting.optimiser import Optimiser
from ipip.train.fitting.schedule import LearningRate
from ipip.train.fitting.termination import Termination
from ipip.train.loss.epoch_loss import EpochLoss
from ipip.train.loss.kernel_loss import KernelLoss, is_compiled
from ipip.train.loss.label_loss import TERMS, LossSums, training_sums
from ipip.train.loss.objective import Objective, ObjectiveMeans, step_generator
from ipip.train.loss.validation import evaluate_batches
from ipip.train.prediction.kernels import energy_forces_of, kernels_of_steps
from ipip.train.prediction.painn_kernels import PainnKernels
from ipip.train.preparation.precision import AUTOCAST
from ipip.train.records.checkpoints import STATE

REMEDY = "lower learning_rate, or check the labels of the training frames"


class TrainingModule:
    """Steps, validation with averaged weights, and all state that a checkpoint must hold.

    Args:
        student: the student, on its training device; trained in place.
        valid: batched validation graphs; may be empty (the last weights are then the best).
        settings: of the training.
        total_steps: optimiser steps of the whole training.
        after_epoch: called in this order after each epoch is validated (checkpoints, then logs).
        termination: requests an early end; None: never.
        save: writes `last.ckpt` within an epoch, and returns its folder.
        objective: an additional loss; its heads train with the student.
        seed: of the objective's draws.
        training: digest of the training's record, which checkpoints carry.

    Attributes:
        global_step: optimiser steps done.
        current_epoch: of the next step, from 0; within `after_epoch` the one that has ended.
        history: one row per epoch: epoch, step, learning_rate, train_loss, valid_*, wall_s.
        best_epoch, best_loss: of the validation so far; -1 and infinity before the first.
        improved: whether the last epoch was the best so far.
        finished: whether the training is complete.
        resumed_just_now: whether this is the first epoch after a resume.
        stopping: whether SIGTERM requests all processes to end.
        evaluate: computes the energies and forces of the steps.
    """

    def __init__(
        self,
        student: Student,
        valid: ValidationBatches | Sequence[Graph],
        settings: TrainingSettings,
        total_steps: int,
        after_epoch: Sequence[Callable[[TrainingModule], None]] = (),
        termination: Termination | None = None,
        save: Callable[[TrainingModule], Path] | None = None,
        objective: Objective | None = None,
        seed: int = 0,
        training: str = "",
    ) -> None:
        self.student = student
        self.settings = settings
        self.total_steps = total_steps
        self.device = next(student.parameters()).device
        self.heads = None if objective is None else objective.heads.to(self.device)
        own = [] if self.heads is None else list(self.heads.parameters())
        self.weights = FlatWeights([*student.parameters(), *own])
        processes.broadcast_module(student)
        self.optimiser = Optimiser(self.weights, settings)
        self.rate = LearningRate(settings, total_steps)
        self.average = AveragedWeights(self.weights, settings.ema_decay)
        self.global_step = self.current_epoch = 0
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
        self._objective, self._seed = objective, seed
        self._training = training
        self._objective_means = ObjectiveMeans()
        self.evaluate = energy_forces_of(
            student,
            kernels_of_steps(settings),
            weights=self.weights,
            log_choice=processes.is_first(),
        )
        self._autocast = AUTOCAST.get(settings.precision)
        self._wall_before = 0.0
        self._started = time.monotonic()

    @torch.no_grad()  # once: steps that need autograd enable it
    def train(self, batches: TrainingBatches) -> None:
        """Take all remaining steps.

        Args:
            batches: of each epoch; of the first, the remaining ones.

        Raises:
            IpipError: the loss is not finite.
            TerminatedError: SIGTERM; the state is saved.
        """
        self._started = time.monotonic()
        if self._termination is not None:
            self._termination.listen()
        while not self.finished:
            first = batches.start(self.current_epoch)
            for number, batch in enumerate(batches, first):
                self.training_step(batch.to(self.device))
                self._epoch_loss.batches = number + 1
                if self.global_step >= self.total_steps:
                    break
                if self.stopping and number + 1 < len(batches):
                    self._end_early()
            self._end_epoch()
            self.current_epoch += 1

    def training_step(self, batch: Graph) -> Tensor | float:
        """Take an optimiser step, and return the loss of its batch.

        Raises:
            IpipError: it is not finite; on all processes, if it is so on one.
        """
        loss = self.loss_of(batch)
        if not math.isfinite(loss):
            value = torch.as_tensor(loss).item()
            raise IpipError(
                f"the training loss is {value} in epoch {self.current_epoch + 1}, "
                f"step {self.global_step}; {REMEDY}"
            )
        self.take_step(loss, self.rate.rate(self.global_step))
        self.average.update()
        return loss

    def take_step(self, loss: Tensor | float, rate: float) -> None:
        """Change the weights by the gradient of a loss."""
        if isinstance(loss, Tensor):  # else the gradient is already set
            loss.backward()  # type: ignore[no-untyped-call]
        processes.average_over(self.weights.gradient)
        self.optimiser.clip()
        self.optimiser.step(rate)
        self.global_step += 1

    def loss_of(self, batch: Graph) -> Tensor | float:
        """Return the loss of a batch, finite or not, and add it to the epoch's."""
        if (
            isinstance(self.evaluate, PainnKernels)
            and self._objective is None
            and is_compiled(self.settings)
        ):
            return self._loss_and_gradient(batch, self.evaluate)
        lower: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if self._autocast is not None:
            lower = torch.autocast(self.device.type, dtype=self._autocast)
        with lower, torch.enable_grad():
            return self._loss_of(batch)

    def _loss_of(self, batch: Graph) -> Tensor:
        own = self._objective
        if own is None or own.uses_labels:
            sums = training_sums(batch, self.evaluate, self.settings)
        else:
            sums = LossSums(batch.energy.new_zeros(2, len(TERMS)))
        self._epoch_loss.add(sums)
        loss = self._loss(sums)
        if own is not None:
            draws = step_generator(self._seed, self.global_step)
            further, parts = own.loss(self.student, self.evaluate, batch, draws)
            loss = loss + further
            self._objective_means.add(further, parts)
        return loss

    def _loss_and_gradient(self, batch: Graph, kernels: PainnKernels) -> float:
        """Return the loss of labels and add its gradient to the weights', without autograd."""
        settings = self.settings
        predicted = kernels(*batch_arguments(batch))
        labels = KernelLoss(batch, predicted, settings)
        sums = labels.sums()
        self._epoch_loss.add(sums)
        loss, factors = self._whole(sums).loss_and_factors(settings)
        n = processes.count()
        kernels.add_gradients(*labels.slopes([n * factor for factor in factors]))
        return n * loss

    def _loss(self, sums: LossSums) -> Tensor:
        """Return this process's part of the loss: its mean over processes is the batch's."""
        return processes.count() * self._whole(sums).loss(self.settings)

    def _whole(self, sums: LossSums) -> LossSums:
        """Return this process's sums over the labels of the whole batch.

        The processes also agree on ending: a signal reaches each of them at another step, and
        a non-finite sum in one of them makes the sums of all non-finite.
        """
        requested = self._termination is not None and self._termination.requested
        if processes.count() == 1:
            self.stopping = requested
            return sums
        own = [sums.values.detach().flatten(), sums.values.new_tensor([requested])]
        total = processes.sum_over(torch.cat(own))
        self.stopping = bool(total[-1] > 0)
        values, counts = total[:-1].view(2, -1)
        return LossSums(torch.stack([sums.sums + 0.0 * values, counts]))

    def _end_early(self) -> None:
        """Save and end; at the end of an epoch the checkpoints have been written."""
        assert self._save is not None and self._termination is not None
        where = self._save(self)
        self._termination.end(where)

    def _end_epoch(self) -> None:
        """Validate, decide on best epoch, schedule and end, then write checkpoints and logs."""
        settings = self.settings
        epoch = self.current_epoch
        self._require_finite_weights()
        row: dict[str, Any] = {
            "epoch": epoch,
            "step": self.global_step,
            "learning_rate": self.rate.rate(max(self.global_step - 1, 0)),
            "train_loss": self._epoch_loss.take(),
        }
        if self._objective is not None:
            row |= (further := self._objective_means.take())
            row["train_loss"] += further.get("train_objective", 0.0)
        last = self.global_step >= self.total_steps
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
        if self.finished and self.best_epoch < 0:
            raise IpipError(
                f"the validation loss is {row['valid_loss']} in epoch {epoch + 1} and was never "
                f"finite; {REMEDY}"
            )
        for call in self._after_epoch:
            call(self)
        self.resumed_just_now = False
        if self.stopping and not self.finished:
            self._end_early()

    def _require_finite_weights(self) -> None:
        """Refuse broken weights before they are saved: no loss follows the last step.

        Raises:
            IpipError: a weight is not finite.
        """
        if not bool(torch.isfinite(self.weights.values).all()):
            raise IpipError(
                f"weights are not finite after epoch {self.current_epoch + 1}, step "
                f"{self.global_step}; {REMEDY}"
            )

    def _validated(self, epoch: int, loss: float) -> None:
        self.rate.validated(loss)
        self.improved = loss < self.best_loss
        if self.improved:
            self.best_epoch, self.best_loss, self.waited = epoch, loss, 0
        else:
            self.waited += 1

    @property
    def wall_s(self) -> float:
        """Seconds of training, including sessions before an interruption."""
        return self._wall_before + time.monotonic() - self._started

    def checkpoint(self) -> dict[str, Any]:
        """Return all state that the rest of the training needs; every process must call it."""
        student = self.student
        weights = {f"student.{name}": value for name, value in student.state_dict().items()}
        if self.heads is not None:
            weights |= {f"heads.{name}": value for name, value in self.heads.state_dict().items()}
        return {
            "state_dict": {name: value.cpu().clone() for name, value in weights.items()},
            "optimizer": self.optimiser.state(),
            "global_step": self.global_step,
            "epoch": self.current_epoch,
            STATE: {
                "training": self._training,
                "epoch": self.current_epoch,
                "partial": self._epoch_loss.state(),
                "objective": self._objective_means.state(),
                "student": {
                    "architecture": student.architecture,
                    "symbols": student.symbols,
                    "arguments": student.arguments,
                },
                "ema_decay": self.settings.ema_decay,
                "average": self.average.state(student),
                "rate": self.rate.state(),
                "history": self.history,
                "best_epoch": self.best_epoch,
                "best_loss": self.best_loss,
                "waited": self.waited,
                "finished": self.finished,
                "wall_s": self.wall_s,
            },
        }

    @torch.no_grad()
    def load(self, checkpoint: dict[str, Any]) -> None:
        """Restore `checkpoint()`, including checkpoints of earlier versions."""
        state, stored = checkpoint[STATE], checkpoint["state_dict"]
        for prefix, module in (("student.", self.student), ("heads.", self.heads)):
            if module is not None:
                module.load_state_dict(
                    {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}
                )
        self.optimiser.load(checkpoint)
        self.global_step = checkpoint["global_step"]
        self.current_epoch = resume_point(checkpoint)[0]
        self.resumed_just_now = True
        self.average.load(state["average"], self.student)
        self.rate.load(state["rate"])
        self.history = list(state["history"])
        self.best_epoch, self.best_loss = state["best_epoch"], state["best_loss"]
        self.waited, self.finished = state["waited"], state["finished"]
        self._wall_before = state["wall_s"]
        self._epoch_loss.load(state["partial"])
        self._objective_means.load(state.get("objective"))


def resume_point(checkpoint: dict[str, Any]) -> tuple[int, int]:
    """Return the epoch in which a checkpoint's training resumes, and its batches that are done."""
    state = checkpoint[STATE]
    if state["partial"] is None:
        return state["epoch"] + 1, 0
    return state["epoch"], state["partial"]["batches"]
