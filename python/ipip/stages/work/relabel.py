"""The next pretraining set: kept frames with the student's labels, new ones with the teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.config.run import RunSettings
from ipip.data import Frame, read_frames
from ipip.decisions.pretraining_set import (
    SetEntry,
    count_composition,
    draw_held_out,
    held_out_count,
    next_pretraining_set,
)
from ipip.decisions.trust import nearest_distances, trust_limit, trusted
from ipip.errors import IpipError
from ipip.export import load_student, read_metadata
from ipip.models import Student
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.forget import FORGET, FORGOTTEN_FILE
from ipip.stages.harvest import HARVEST, NEW_FILE
from ipip.stages.inheritance import committee_of, last_set, last_student, student_of
from ipip.stages.label import INDEX_FILE, LABEL, SET_FILE, TRAIN_FILE, VALID_FILE
from ipip.stages.pretrain import STUDENT_FILE
from ipip.stages.work.committee import members
from ipip.stages.work.frames import (
    entry_of,
    read_set,
    write_index,
    write_set,
)
from ipip.stages.work.labellers import average_weights, label_with
from ipip.storage.json_file import read_json
from ipip.train import frame_features, metrics


def relabel(run: StageRun) -> StageResult:
    """Write the round's pretraining set, and say how far the student's labels moved."""
    settings, index = run.settings, run.round.index
    previous = read_set(last_set(run))
    forgotten = read_json(run.path(FORGET.of(index), FORGOTTEN_FILE))["indices"]
    harvest = HARVEST.of(index)
    new_frames = read_frames(run.path(harvest, NEW_FILE)) if run.results(harvest)["taken"] else []
    new = _new_entries(settings, index, new_frames)
    dropped = set(forgotten)
    before = [frame for number, frame in enumerate(previous) if number not in dropped]
    kept, sources, uncertainty = before, None, None
    figures: dict[str, Any] = {}
    if settings.iteration.kept_labels != "keep":
        kept, sources, figures, uncertainty = _relabelled(before, run)
    old = [entry_of(frame) for frame in previous]
    entries = next_pretraining_set(old, forgotten, new, sources)
    paths = (run.folder / SET_FILE, run.folder / INDEX_FILE)
    frames = [*kept, *new_frames]
    write_set(paths[0], frames, entries)
    shift = run.results(LABEL.of(0))["energy_shift"]["ev_per_atom"]
    write_index(paths[1], frames, entries, shift, uncertainty)
    note = f"{len(kept)} kept, {len(dropped)} forgotten, {len(new)} new"
    if figures:
        note += f"; labels of kept frames moved by {figures['drift']['force_change_ev_per_a']:.3f}"
        note += " eV/Å"
    if "trust" in figures:
        note += f"; {figures['trust']['student']} trusted to the student"
    return StageResult(
        outputs=paths,
        results={
            "kept": len(kept),
            "forgotten": len(dropped),
            "new": len(new),
            "drift": {},
            "composition": count_composition(entries),
            **figures,
        },
        note=note,
    )


def _new_entries(
    settings: RunSettings, round_index: int, frames: Sequence[Frame]
) -> list[SetEntry]:
    """Return the entries of harvested frames; a twentieth never trains, to be reported on."""
    number = held_out_count(len(frames), harvested=True)
    seed = derive_seed(settings.seed, round_index, "pretrain", "valid")
    return [
        SetEntry(str(frame.info["frame_id"]), round_index, "teacher", held)
        for frame, held in zip(frames, draw_held_out(len(frames), number, seed), strict=True)
    ]


def _relabelled(
    frames: list[Frame], run: StageRun
) -> tuple[list[Frame], list[str], dict[str, Any], list[float] | None]:
    """Return relabelled frames, the source of each label, figures, and uncertainties."""
    settings = run.settings
    students, digests = _labellers(run)
    with run.reporter.tasks("student labels", len(frames) * len(students)) as advance:
        labelled, spread = label_with(students, frames, advance)
    broken = sum(frame.forces is None or not np.isfinite(frame.forces).all() for frame in labelled)
    name = f"student {run.round.base}"
    sources = [name] * len(frames)
    figures: dict[str, Any] = {"labellers": digests}
    uncertainty = None
    if settings.iteration.kept_labels == "trust":
        values, limit = _uncertainties(frames, spread, run)
        mine = trusted(values, limit)
        teacher = _teacher_labels(run)
        sources = [name if own else "teacher" for own in mine]
        labelled = [
            frame if own else teacher[str(frame.info["frame_id"])]
            for frame, own in zip(labelled, mine, strict=True)
        ]
        uncertainty = [float(value) for value in values]
        broken = 0
        figures["trust"] = {
            "limit": limit,
            "student": int(mine.sum()),
            "teacher": int((~mine).sum()),
            "median_uncertainty": float(np.median(values)),
        }
    if broken:
        raise IpipError(
            f"{run.folder}: the student of round {run.round.base} gives forces that are not finite "
            f"on {broken} kept frames; lower the learning rates, or set iteration.kept_labels to "
            "keep"
        )
    errors = metrics(frames, labelled)
    figures["drift"] = {
        "force_change_ev_per_a": errors["force_mae_ev_per_a"],
        "energy_change_mev_per_atom": errors["energy_mae_mev_per_atom"],
    }
    return labelled, sources, figures, uncertainty


def _labellers(run: StageRun) -> tuple[list[Student], list[dict[str, str]]]:
    """Return who labels, and name and weights' digest of each student that takes part."""
    iteration, base = run.settings.iteration, run.round.base
    how = iteration.labeller
    if how == "committee":
        files = _committee(run)
        names = [f"student {base}", *(f"{path.stem} of round {base}" for path in files[1:])]
    elif how == "average":
        rounds = run.round.chain[-iteration.averaged :]
        files = [run.path(student_of(index), STUDENT_FILE) for index in rounds]
        names = [f"student {index}" for index in rounds]
    else:
        files, names = [last_student(run)], [f"student {base}"]
    students = [load_student(path) for path in files]
    digests = [
        {"name": name, "weights_digest": read_metadata(path).weights_digest}
        for name, path in zip(names, files, strict=True)
    ]
    return ([average_weights(students)] if how == "average" else students), digests


def _committee(run: StageRun) -> list[Path]:
    """Return the files of the student that the round begins with and of its committee's others."""
    folder = run.run.stage(committee_of(run.round.base))
    return [last_student(run), *members(folder, run.settings.iteration.committee)]


def _uncertainties(
    frames: Sequence[Frame], spread: np.ndarray[Any, Any], run: StageRun
) -> tuple[np.ndarray[Any, Any], float]:
    """Return the student's uncertainty on each frame, and the limit of trust."""
    iteration = run.settings.iteration
    valid = read_frames(run.path(LABEL.of(0), VALID_FILE))
    factor = iteration.trust_factor
    if iteration.uncertainty == "committee":
        students = [load_student(path) for path in _committee(run)]
        if iteration.labeller != "committee":
            spread = label_with(students, frames)[1]
        return spread, trust_limit(label_with(students, valid)[1], factor)
    student = load_student(last_student(run))
    train = read_frames(run.path(LABEL.of(0), TRAIN_FILE))
    asked = frame_features(student, [*frames, *valid])
    distances = nearest_distances(asked, frame_features(student, train))
    return distances[: len(frames)], trust_limit(distances[len(frames) :], factor)


def _teacher_labels(run: StageRun) -> dict[str, Frame]:
    """Return every frame of the chain of rounds with the teacher's shifted label, by its id."""
    frames = read_set(run.path(LABEL.of(0), SET_FILE))
    for index in run.round.chain[1:]:
        harvest = HARVEST.of(index)
        if run.results(harvest)["taken"]:
            frames += read_frames(run.path(harvest, NEW_FILE))
    return {str(frame.info["frame_id"]): frame for frame in frames}
