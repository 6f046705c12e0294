"""Errors of students and teachers on the test sets of a study, stored in files."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipip.config.data import DataFile
from ipip.config.study import StudySettings
from ipip.config.teacher import TeacherSettings
from ipip.data import (
    Frame,
    file_digest,
    frames_digest,
    group_names,
    read_files,
    read_frames,
    write_frames,
)
from ipip.decisions.energy_shift import apply_energy_shift
from ipip.evaluation import metrics
from ipip.export import load_student
from ipip.pipeline.stage_settings import settings_part
from ipip.stages.work.frames import frame_errors
from ipip.stages.work.reference_frames import units_of
from ipip.storage.digest import json_digest
from ipip.storage.json_file import write_sealed
from ipip.storage.sealed import DamagedError, read_sealed
from ipip.study.outcome import HELD_OUT, Outcome
from ipip.teachers import Teacher
from ipip.train import predict

_OLD = {"student", "files", "tests", "teacher"}  # the keys of scores of versions without a seal


def score_run(
    settings: StudySettings, teacher: TeacherSettings, outcome: Outcome, path: Path, folder: Path
) -> dict[str, Any]:
    """Return the errors of a run's evaluated student and of its teacher on all test sets.

    Args:
        settings: of the study.
        teacher: of the run.
        outcome: of the run.
        path: file for the errors.
        folder: for the labels of teachers.
    """
    files = {s.name: [file_digest(file.path) for file in s.data] for s in settings.test_sets}
    with contextlib.suppress(FileNotFoundError, DamagedError):  # they are computed again
        stored = read_sealed(path, lambda plain: set(plain) == _OLD)
        if stored["student"] == outcome.student_digest and stored.get("files") == files:
            return stored
    student = load_student(outcome.student)
    tests, teachers = {HELD_OUT: outcome.test}, {HELD_OUT: outcome.teacher["metrics"]}
    for test_set in settings.test_sets:
        frames = list(read_files(test_set.data))
        tests[test_set.name] = score_on(frames, predict(student, frames), test_set.data)
        labelled = _teacher_labels(teacher, frames, folder)
        shifted = apply_energy_shift(labelled, outcome.teacher_shift)
        teachers[test_set.name] = dict(metrics(frames, shifted))
    scores = {
        "student": outcome.student_digest,
        "files": files,
        "tests": tests,
        "teacher": teachers,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_sealed(path, scores)
    return scores


def teacher_name(settings: TeacherSettings) -> str:
    """Return a short name of a teacher: its kind and model."""
    model = settings.model or ""
    return f"{settings.kind} {Path(model).stem if Path(model).is_file() else model}".strip()


def score_on(
    frames: Sequence[Frame], predicted: Sequence[Frame], files: Sequence[DataFile]
) -> dict[str, Any]:
    """Return the errors of predicted labels, in the form for comparisons."""
    keys = {file.keys.group for file in files}
    key = keys.pop() if len(keys) == 1 else None
    return {
        "metrics": dict(metrics(frames, predicted)),
        "errors": frame_errors(frames, predicted),
        "weights": [len(frame) for frame in frames],
        "groups": group_names(frames, key),
        "units": units_of(frames, key),
    }


def _teacher_labels(
    settings: TeacherSettings, frames: Sequence[Frame], folder: Path
) -> list[Frame]:
    """Return the teacher's labels of frames, computed once for each teacher."""
    named = {"teacher": settings_part(settings), "frames": frames_digest(frames)}
    path = folder / f"{teacher_name(settings).replace(' ', '-')}_{json_digest(named)[-12:]}.xyz"
    record = path.with_suffix(".json")
    with contextlib.suppress(FileNotFoundError, DamagedError):
        if read_sealed(record)["digest"] == file_digest(path):
            return read_frames(path)
    folder.mkdir(parents=True, exist_ok=True)
    with Teacher(settings, folder) as teacher:
        labelled = teacher.label(frames)
    write_frames(path, labelled)
    write_sealed(record, named | {"digest": file_digest(path)})
    return labelled
