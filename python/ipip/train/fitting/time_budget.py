"""The optimiser steps that fit into a time: measured once, recorded, and then fixed."""

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

from ipip.config.training import TrainingSettings, steps_per_epoch
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
SHARE, LONGEST_S = 0.02, 2.0  # fraction of the budget, and longest time, of a measurement
VALIDATED = 32  # frames

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Pace:
    """The speed of a training on this machine.

    Attributes:
        step_s: of an optimiser step.
        epoch_s: of validating all frames and writing a checkpoint.
    """

    step_s: float
    epoch_s: float

    def steps_in(self, seconds: float, per_epoch: int, validate_every: int) -> int:
        """Return the steps that fit into a time, at least one."""
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
    """Return the steps of a training of this duration, from its folder's record if there is one.

    All processes must call this; they get the same number.

    Args:
        seconds: wall time on this machine at its present load.
        student: at its start; not changed.
        train_frames: to train on.
        valid_frames: to validate each epoch.
        settings: of the training.
        folder: gets `schedule.json`.

    Raises:
        InputError: the record is damaged, of another training, or missing beside a checkpoint.
    """
    path = folder / SCHEDULE
    recorded = processes.from_first(lambda: _recorded(folder))
    if recorded is not None:
        return recorded
    pace = measure_pace(student, train_frames, valid_frames, settings, SHARE * seconds)
    per_epoch = steps_per_epoch(settings, len(train_frames))
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
                f"{path}: is missing, but {LAST} is of a training with these steps; remove the "
                "folder to train again"
            )
        return None
    try:
        record = read_sealed(path)
        if record.get("training", digest := training_digest(folder)) != digest:
            raise InputError(f"{path}: is of another training; remove the folder to train again")
        return int(record["steps"])
    except DamagedError as error:
        raise InputError(f"{error}; remove the folder to train again") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error}); remove the folder to train again"
        ) from None


def measure_pace(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    settings: TrainingSettings,
    seconds: float,
) -> Pace:
    """Time a short training of a copy of a student.

    Args:
        student: not changed.
        train_frames: the first ones are used.
        valid_frames: some of them are evaluated.
        settings: of the training.
        seconds: to spend on steps; at least ten steps.
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
        for _ in range(2 if len(some) else 0):  # the first pass builds graphs
            start = time.perf_counter()
            evaluate_batches(trial, valid, settings)
            valid_s = time.perf_counter() - start
    start = time.perf_counter()
    torch.save(module.checkpoint(), io.BytesIO())
    save_s = time.perf_counter() - start
    epoch_s = save_s + (valid_s * len(valid_frames) / len(some) if len(some) else 0.0)
    return Pace(step_s, epoch_s)


def _seconds_of_step(module: TrainingModule, batches: TrainingBatches, seconds: float) -> float:
    """Return the mean time of a step, without the first ones, which build graphs."""
    _time_steps(module, batches, LEAST)
    rough = _time_steps(module, batches, LEAST)
    count = processes.from_first(lambda: min(max(LEAST, int(seconds / rough)), MOST))
    return _time_steps(module, batches, count)


def _time_steps(module: TrainingModule, batches: TrainingBatches, count: int) -> float:
    """Take steps that change nothing, and return the mean time of one."""
    timed, start = 0, time.perf_counter()
    while timed < count:
        batches.start(0)  # the same frames, whose graphs are cached
        for batch in itertools.islice(batches, min(LEAST, count - timed)):
            loss = module.loss_of(batch.to(module.device))
            module.take_step(loss, 0.0)
            module.average.update()
            timed += 1
    return (time.perf_counter() - start) / count
