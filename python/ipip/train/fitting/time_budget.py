"""The optimiser steps that fit into a time: measured once, recorded, and the same ever after."""

from __future__ import annotations

import copy
import dataclasses
import io
import itertools
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.models import Student
from ipip.storage.atomic import write_text
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text
from ipip.train import processes
from ipip.train.fitting.loaders import (
    TrainingBatches,
    ValidationBatches,
    graph_dataset,
)
from ipip.train.fitting.module import TrainingModule
from ipip.train.fitting.session import device_of
from ipip.train.loss.validation import evaluate_batches
from ipip.train.records.checkpoints import LAST
from ipip.train.records.training_record import training_digest

SCHEDULE = "schedule.json"
LEAST, MOST = 10, 200  # steps of a measurement
SHARE, LONGEST_S = 0.02, 2.0  # of the budget, and at most, that a measurement takes
VALIDATED = 32  # frames

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Pace:
    """How fast a training goes here.

    Attributes:
        step_s: of an optimiser step.
        epoch_s: of validating all frames and writing a checkpoint.
    """

    step_s: float
    epoch_s: float

    def steps_in(self, seconds: float, per_epoch: int, validate_every: int) -> int:
        """Return the steps that a time is enough for, one at least."""
        each = self.step_s + self.epoch_s / (per_epoch * validate_every)
        return max(1, int(seconds / each))


def steps_in_time(
    seconds: float,
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    folder: Path,
) -> int:
    """Return the steps of a training of so many seconds: those recorded in its folder, if any.

    All processes must call this; they get the same number.

    Args:
        seconds: of wall time, on this machine as busy as it is now.
        student: at its start; stays as it is.
        train_frames: that it trains on.
        valid_frames: that validate each epoch.
        settings: of the training.
        folder: gets `schedule.json`.

    Raises:
        InputError: the record is damaged, of another training, or gone while its checkpoint is
            there.
    """
    path = folder / SCHEDULE
    known = processes.from_first(lambda: _recorded(folder))
    if known is not None:
        return known
    pace = measure_pace(student, train_frames, valid_frames, settings, SHARE * seconds)
    per_epoch = -(-len(train_frames) // settings.batch_size)
    steps = pace.steps_in(seconds, per_epoch, settings.validate_every)
    steps = processes.from_first(lambda: steps)
    if processes.is_first():
        record = {
            "training": training_digest(folder),
            "steps": steps,
            "seconds": seconds,
            **dataclasses.asdict(pace),
        }
        write_text(path, sealed_text(record) + "\n")
        log.info(
            "a budget of %g s is %d steps of %.2f ms here; `budget: %d steps` repeats this "
            "training anywhere",
            seconds,
            steps,
            1e3 * pace.step_s,
            steps,
        )
    return steps


def _recorded(folder: Path) -> int | None:
    path = folder / SCHEDULE
    if not path.exists():
        if (folder / LAST).exists():  # another measurement would be another schedule
            raise InputError(
                f"{path}: is missing, and {LAST} is of a training with its steps; remove the "
                "folder to train anew"
            )
        return None
    try:
        record = read_sealed(path)
        if record.get("training", digest := training_digest(folder)) != digest:
            raise InputError(f"{path}: is of another training; remove the folder to train anew")
        return int(record["steps"])
    except DamagedError as error:
        raise InputError(f"{error}; remove the folder to train anew") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error}); remove the folder to train anew"
        ) from None


def measure_pace(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    seconds: float,
) -> Pace:
    """Train a copy of a student for a moment, and time it.

    Args:
        student: stays as it is.
        train_frames: of which the first are used.
        valid_frames: a part of them is evaluated.
        settings: of the training.
        seconds: to spend on steps; ten are taken at least.
    """
    frames = train_frames[: LEAST * settings.batch_size]
    trial = copy.deepcopy(student).to(device_of(settings)).train()
    batches = TrainingBatches(
        graph_dataset(frames, trial, settings), settings.model_copy(update={"workers": 0}), 0
    )
    module = TrainingModule(trial, [], settings, 1 << 40)
    with torch.no_grad():
        step_s = _seconds_of_step(module, batches, min(seconds, LONGEST_S))
        some = valid_frames[:VALIDATED]
        valid = ValidationBatches(graph_dataset(some, trial, settings))
        for _ in range(2 if len(some) else 0):  # the first time builds graphs
            start = time.perf_counter()
            evaluate_batches(trial, valid, settings)
            valid_s = time.perf_counter() - start
    start = time.perf_counter()
    torch.save(module.checkpoint(), io.BytesIO())
    save_s = time.perf_counter() - start
    epoch_s = save_s + (valid_s * len(valid_frames) / len(some) if len(some) else 0.0)
    return Pace(step_s, epoch_s)


def _seconds_of_step(module: TrainingModule, batches: TrainingBatches, seconds: float) -> float:
    """Return the mean time of a step; the first ones, which build graphs, are not timed."""
    _time_steps(module, batches, LEAST)
    rough = _time_steps(module, batches, LEAST)
    count = processes.from_first(lambda: min(max(LEAST, int(seconds / rough)), MOST))
    return _time_steps(module, batches, count)


def _time_steps(module: TrainingModule, batches: TrainingBatches, count: int) -> float:
    """Take steps that change nothing, and return the mean time of one."""
    taken, start = 0, time.perf_counter()
    while taken < count:
        batches.start(0)  # the same frames, whose graphs are there
        for batch in itertools.islice(batches, min(LEAST, count - taken)):
            loss = module.loss_of(batch.to(module.device))
            module.take_step(loss, 0.0)
            module.average.update()
            taken += 1
    return (time.perf_counter() - start) / count
