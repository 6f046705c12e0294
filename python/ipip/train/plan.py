"""Everything that can be checked and said before a training starts."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Sequence

import torch
from torch_geometric.data import Batch

from ipip.config.train_run import TrainRunSettings
from ipip.config.training import TrainingSettings
from ipip.data.dataset import GraphDataset
from ipip.data.elements import check_elements, elements_of
from ipip.data.files import read_files
from ipip.data.frame import Frame
from ipip.data.split import Split, split_frames
from ipip.data.statistics import Statistics, statistics
from ipip.errors import InputError
from ipip.export import load_student
from ipip.models import Student, build_student
from ipip.train.fit import steps_of
from ipip.train.kernels import energy_forces_of
from ipip.train.losses import loss_sums


@dataclasses.dataclass(frozen=True)
class TrainPlan:
    """A training that is ready to start.

    Attributes:
        student: new, or read from `start_from`.
        split: of the frames of `data`.
        train, valid, test: frames of each part; `test_data` is added to test.
        statistics: of each part that is not empty, by its name.
        steps: optimiser steps at most.
        seconds_per_step: measured on one batch, s.
    """

    student: Student
    split: Split
    train: list[Frame]
    valid: list[Frame]
    test: list[Frame]
    statistics: dict[str, Statistics]
    steps: int
    seconds_per_step: float


def plan_training(settings: TrainRunSettings, split: Split | None = None) -> TrainPlan:
    """Read and check all that a training needs; nothing is written.

    Args:
        settings: the run's settings, with absolute paths.
        split: use this split instead of drawing (or reading) one.

    Raises:
        InputError: unusable data, split, student or settings.
    """
    frames = read_files(settings.data)
    more_test = read_files(settings.test_data)
    if settings.start_from is not None:
        student, _ = load_student(settings.start_from)
        symbols = settings.elements or student.symbols
        if list(symbols) != student.symbols:
            raise InputError(
                f"elements are {' '.join(symbols)}, but {settings.start_from} has "
                f"{' '.join(student.symbols)}; "
                "leave elements out or make them equal"
            )
    else:
        symbols = settings.elements or elements_of(frames + more_test)
        student = build_student(
            settings.student.architecture,
            symbols,
            seed=settings.seed,
            **settings.student.arguments(),
        )
    check_elements(frames, symbols, "data")
    check_elements(more_test, symbols, "test_data")
    split = split or _split(settings, frames)
    train, valid = split.take(frames, "train"), split.take(frames, "valid")
    test = split.take(frames, "test") + more_test
    parts = {"train": train, "valid": valid, "test": test}
    return TrainPlan(
        student=student,
        split=split,
        train=train,
        valid=valid,
        test=test,
        statistics={name: statistics(part, student.cutoff) for name, part in parts.items() if part},
        steps=steps_of(settings.training, len(train)),
        seconds_per_step=measure_step(student, train, settings.training),
    )


def read_for_split(settings: TrainRunSettings) -> list[Frame]:
    """Return the frames that a split of this run divides."""
    return read_files(settings.data)


def measure_step(
    student: Student, frames: Sequence[Frame], settings: TrainingSettings, repeats: int = 3
) -> float:
    """Return the seconds of one optimiser step on the CPU (loss and gradients of one batch)."""
    trial = copy.deepcopy(student)
    some = frames[: settings.batch_size]
    batch = Batch.from_data_list(GraphDataset(some, trial.symbols, trial.cutoff).graphs)
    if batch.edge_index.shape[1] == 0:
        return 0.0
    evaluate = energy_forces_of(trial, settings.kernels)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        energy, forces, strain = evaluate(
            batch.species,
            batch.edge_index,
            batch.edge_vec,
            batch.batch,
            batch.num_graphs,
            create_graph=True,
        )
        loss = loss_sums(batch, energy, forces, strain, settings).loss(settings)
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
