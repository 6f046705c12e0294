"""Single steps of the loop on files, without a run folder: relabel, pretrain, fine-tune."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ipip.config.data import DataFile, DataKeys
from ipip.config.run import RunSettings
from ipip.config.training import TrainingSettings
from ipip.data import Frame, check_elements, frames_digest, read_files, read_frames, write_frames
from ipip.errors import InputError
from ipip.evaluation import metrics
from ipip.evaluation.expected_errors import try_add_uncertainty
from ipip.export import load_student, save_student
from ipip.models import Student, build_student
from ipip.pipeline.reporter import Reporter, SilentReporter
from ipip.pipeline.seeds import derive_seed
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.work.by_method import ByMethod
from ipip.stages.work.labellers import average_weights, label_with
from ipip.stages.work.reference_frames import read_reference
from ipip.stages.work.training import Trainer, divide
from ipip.storage.lock import hold_file, writes
from ipip.train import fit


@dataclasses.dataclass(frozen=True)
class Relabelled:
    """The result of relabelling a file.

    Attributes:
        frames: number of frames.
        change: change of the labels, as returned by `metrics`; None without old labels.
        spread: [frames] of the forces between members of a committee, eV/Å; 0 for one student.
    """

    frames: int
    change: dict[str, Any] | None
    spread: list[float]


@dataclasses.dataclass(frozen=True)
class Trained:
    """The result of a training.

    Attributes:
        student: its file.
        errors: on the held-out part, as returned by `metrics`.
        part: which part that is.
        steps: optimiser steps.
    """

    student: Path
    errors: dict[str, Any]
    part: str
    steps: int


def relabel_file(
    students: Sequence[Path],
    source: Path,
    target: Path,
    *,
    average: bool = False,
    keys: DataKeys | None = None,
    device: str = "cpu",
    reporter: Reporter | None = None,
) -> Relabelled:
    """Label the frames of a file with students, and write them to another.

    Args:
        students: student files: one, or a committee whose mean prediction is the label.
        source: frames; their labels are only used for comparison.
        target: file to write (extended XYZ); with several students, `info` of each frame
            gets `spread_ev_per_a`.
        average: label with the mean of the students' weights instead (of one warm chain only).
        keys: of the labels in `source`.
        device: on which the students are evaluated, see `open_student`.
        reporter: receives the progress.

    Raises:
        InputError: no students, source and target are the same, unreadable files, or an element
            that a student does not have.
    """
    if not students:
        raise InputError("no student is given; name at least one with --student")
    if source.resolve() == target.resolve():
        raise InputError(f"{target}: source and target are the same file; name another target")
    with hold_file(target, "relabel"):
        return _relabel(
            students, source, target, average, keys, device, reporter or SilentReporter()
        )


def _relabel(
    students: Sequence[Path],
    source: Path,
    target: Path,
    average: bool,
    keys: DataKeys | None,
    device: str,
    reporter: Reporter,
) -> Relabelled:
    loaded = [load_student(path) for path in students]
    frames = read_frames(source, keys, require=())
    for student, path in zip(loaded, students, strict=True):
        check_elements(frames, student.symbols, f"{source} ({path})")
    if average:
        loaded = [average_weights(loaded)]
    with reporter.tasks("student labels", len(frames) * len(loaded)) as advance:
        relabelled, spread = label_with(loaded, frames, advance, device)
    if len(loaded) > 1:
        relabelled = [
            frame.replace(info=frame.info | {"spread_ev_per_a": float(value)})
            for frame, value in zip(relabelled, spread, strict=True)
        ]
    write_frames(target, relabelled)
    had_labels = all(frame.energy is not None and frame.forces is not None for frame in frames)
    change = dict(metrics(frames, relabelled)) if had_labels else None
    return Relabelled(len(frames), change, spread.tolist())


@writes("folder", "pretrain")
def pretrain_student(
    settings: RunSettings, frames: Sequence[DataFile], folder: Path, *, progress: bool = True
) -> Trained:
    """Train a new student on labelled frames with the `pretrain` block of a run's settings.

    The held-out frames of a run's pretraining set validate, as in the loop; for other files
    a random twentieth. The same call continues a training that was interrupted.

    Args:
        settings: of a run; `seed`, `elements`, `student` and `pretrain` count, and `teacher` for a
            method that needs it.
        frames: files of labelled frames.
        folder: gets student.pt and training/.
        progress: show a bar.

    Raises:
        InputError: unusable frames, or the folder holds another training.
    """
    if settings.pretrain is None:
        raise InputError("pretrain is null in these settings; expected the settings of a training")
    everything = read_files(frames, stress_counts=settings.pretrain.stress_weight > 0)
    check_elements(everything, settings.elements, ", ".join(str(file.path) for file in frames))
    parts = divide(everything, derive_seed(settings.seed, 0, "pretrain", "valid"))
    student = build_student(
        settings.student.architecture,
        settings.elements,
        seed=derive_seed(settings.seed, 0, "weights"),
        **settings.student.arguments(),
    )
    seed = derive_seed(settings.seed, 0, "pretrain")
    method = settings.pretrain.method.kind != "labels"
    return _train(
        student,
        parts.train,
        parts.valid,
        settings.pretrain if method else settings.pretrain.training,
        folder,
        seed,
        "validation",
        progress,
        trainer=ByMethod(settings.teacher, folder, SilentReporter()) if method else fit,
    )


@writes("folder", "finetune")
def finetune_student(
    settings: RunSettings, student: Path, folder: Path, *, progress: bool = True
) -> Trained:
    """Fine-tune a student on the reference frames of a run's settings, as the loop does.

    Args:
        settings: of a run; `seed`, `elements`, `reference` and `finetune` count.
        student: file of the student to start from.
        folder: gets student.pt and training/.
        progress: show a bar.

    Raises:
        InputError: unusable frames or student, or the folder holds another training.
    """
    reference = read_reference(
        settings.reference, settings.elements, derive_seed(settings.seed, 0, "split")
    )
    loaded = load_student(student)
    check_elements(reference.train, loaded.symbols, f"reference.data ({student})")
    seed = derive_seed(settings.seed, 0, "finetune")
    train, valid, test = reference.train, reference.valid, reference.test
    return _train(loaded, train, valid, settings.finetune, folder, seed, "test", progress, test)


def _train(
    student: Student,
    train: Sequence[Frame],
    valid: Sequence[Frame],
    training: TrainingSettings,
    folder: Path,
    seed: int,
    part: str,
    progress: bool,
    test: Sequence[Frame] | None = None,
    trainer: Trainer = fit,
) -> Trained:
    torch.set_num_threads(1)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another folder with --dir")
    result = trainer(
        student,
        train,
        valid,
        training,
        folder / PRETRAIN.record.TRAINING,
        seed=seed,
        progress=progress,
    )
    path = folder / PRETRAIN.record.STUDENT
    save_student(
        result.student,
        path,
        training_digest=frames_digest(train),
        training={"steps": result.steps, "stress_weight": training.stress_weight},
    )
    try_add_uncertainty(path, train, valid)
    judged = list(valid if test is None else test)
    errors = dict(metrics(judged, label_with([result.student], judged)[0]))
    return Trained(path, errors, part, result.steps)
