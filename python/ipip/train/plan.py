"""All checks and estimates before a training starts."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import torch

from ipip.config.train_run import TrainRunSettings
from ipip.config.training import TrainingSettings, seconds_of, steps_of
from ipip.data.duplicates import Duplicates, find_duplicates
from ipip.data.elements import check_elements, elements_of
from ipip.data.files import read_files
from ipip.data.frame import Frame
from ipip.data.mixed_states import describe_mixed_states
from ipip.data.outliers import Outlier, find_outliers
from ipip.data.split import Split, split_frames
from ipip.data.statistics import Statistics, statistics
from ipip.data.succession import follow_one_another
from ipip.data.view import joined
from ipip.errors import InputError
from ipip.export import load_student
from ipip.models import Student, build_student
from ipip.network.dataset import GraphDataset
from ipip.network.graph import join_graphs
from ipip.train.loss.label_loss import training_sums
from ipip.train.prediction.kernels import check_kernels, energy_forces_of, kernels_of_steps
from ipip.train.preparation.freeze import freeze
from ipip.train.preparation.precision import check_precision
from ipip.train.preparation.replay import draw_replay
from ipip.train.records.fingerprint import check_frames
from ipip.train.records.wandb_log import check_wandb


@dataclasses.dataclass(frozen=True)
class TrainPlan:
    """A training that is ready to start.

    Attributes:
        student: new, or read from `start_from`.
        split: of the frames of `data`.
        train, valid, test: frames of each part; `test_data` is added to test.
        replay: frames of an earlier training that are also trained on.
        statistics: of each part that is not empty, by its name.
        duplicates: within and across the parts.
        outliers: among the training frames.
        mixed_states: a warning if frames of one composition have different charges or spins.
        correlated: whether frames of `data` are like a trajectory, but are split one by one.
        frozen: parameters without training.
        steps: largest number of optimiser steps; an estimate if the budget is a time.
        seconds_per_step: measured on one batch, s.
    """

    student: Student
    split: Split
    train: Sequence[Frame]
    valid: Sequence[Frame]
    test: Sequence[Frame]
    replay: list[Frame]
    statistics: dict[str, Statistics]
    duplicates: Duplicates
    outliers: list[Outlier]
    mixed_states: str | None
    correlated: bool
    frozen: list[str]
    steps: int
    seconds_per_step: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "elements": self.student.symbols,
            "parts": {name: stats.as_dict() for name, stats in self.statistics.items()},
            "duplicates": self.duplicates.as_dict(),
            "outliers": [dataclasses.asdict(outlier) for outlier in self.outliers],
            "mixed_states": self.mixed_states,
            "correlated": self.correlated,
            "frozen": self.frozen,
            "steps": self.steps,
            "expected_s": self.steps * self.seconds_per_step,
        }


def plan_training(settings: TrainRunSettings, split: Split | None = None) -> TrainPlan:
    """Read and check all inputs of a training without writing.

    Args:
        settings: the run's settings, with absolute paths.
        split: used instead of drawing (or reading) one.

    Raises:
        InputError: unusable data, split, student or settings.
    """
    stress_counts = settings.training.stress_weight > 0
    frames = read_files(settings.data, stress_counts=stress_counts)
    more_test = read_files(settings.test_data, stress_counts=stress_counts)
    replay: list[Frame] = []
    if settings.replay is not None:
        replayed = settings.replay
        earlier = read_files(replayed.data, stress_counts=stress_counts)
        replay = draw_replay(earlier, replayed.frames, replayed.weight, settings.seed)
    student = _student(settings, joined(frames, more_test))
    check_elements(frames, student.symbols, "data")
    check_elements(more_test, student.symbols, "test_data")
    split = split or _split(settings, frames)
    train, valid = split.take(frames, "train"), split.take(frames, "valid")
    test = joined(split.take(frames, "test"), more_test)
    check_frames(train, valid, replay, student, settings.training)
    frozen = freeze(copy.deepcopy(student), settings.training.freeze)
    if settings.training.wandb_project is not None:
        check_wandb()
    check_kernels(student, settings.training.kernels)
    check_precision(student, train, settings.training)
    parts = {"train": train, "valid": valid, "test": test, "replay": replay}
    seconds = seconds_of(settings.training)
    step_s = measure_step(student, train, settings.training)
    return TrainPlan(
        student=student,
        split=split,
        train=train,
        valid=valid,
        test=test,
        replay=replay,
        statistics={
            name: statistics(part, student.cutoff) for name, part in parts.items() if len(part)
        },
        duplicates=find_duplicates({name: parts[name] for name in ("train", "valid", "test")}),
        outliers=find_outliers(train),
        mixed_states=describe_mixed_states(joined(train, replay)),
        correlated=_split_one_by_one(settings) and follow_one_another(frames),
        frozen=frozen,
        steps=steps_of(settings.training, len(train) + len(replay))
        if seconds is None
        else max(1, int(seconds / max(step_s, 1e-4))),
        seconds_per_step=step_s,
    )


def _split_one_by_one(settings: TrainRunSettings) -> bool:
    return settings.split.file is None and all(file.keys.group is None for file in settings.data)


def _student(settings: TrainRunSettings, frames: Sequence[Frame]) -> Student:
    if settings.start_from is None:
        return build_student(
            settings.student.architecture,
            settings.elements or elements_of(frames),
            seed=settings.seed,
            **settings.student.arguments(),
        )
    student = load_student(settings.start_from)
    if settings.elements is not None and settings.elements != student.symbols:
        raise InputError(
            f"elements are {' '.join(settings.elements)}, but {settings.start_from} has "
            f"{' '.join(student.symbols)}; leave elements out or make them equal"
        )
    return student


def read_for_split(settings: TrainRunSettings) -> Sequence[Frame]:
    """Return the frames that a split of this run divides."""
    return read_files(settings.data, stress_counts=settings.training.stress_weight > 0)


def measure_step(
    student: Student, frames: Sequence[Frame], settings: TrainingSettings, repeats: int = 3
) -> float:
    """Return the seconds of one optimiser step on the CPU (loss and gradients of one batch)."""
    trial = copy.deepcopy(student)
    some = frames[: settings.batch_size]
    batch = join_graphs(GraphDataset(some, trial.symbols, trial.cutoff).graphs)
    if batch.edge_index.shape[1] == 0:
        return 0.0
    evaluate = energy_forces_of(trial, kernels_of_steps(settings))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        loss = training_sums(batch, evaluate, settings).loss(settings)
        torch.autograd.grad(
            loss, [p for p in trial.parameters() if p.requires_grad], allow_unused=True
        )
        times.append(time.perf_counter() - start)
    return min(times)


def _split(settings: TrainRunSettings, frames: Sequence[Frame]) -> Split:
    if settings.split.file is not None:
        return Split.load(settings.split.file, frames)
    groups = {file.keys.group for file in settings.data}
    if len(groups) > 1:
        raise InputError(
            f"data files name different groups ({', '.join(map(str, sorted(groups, key=str)))}); "
            "give all of them the same keys.group, or none"
        )
    return split_frames(
        frames,
        valid=settings.split.valid,
        test=settings.split.test,
        train=settings.split.train,
        seed=settings.seed,
        group_key=groups.pop(),
    )
