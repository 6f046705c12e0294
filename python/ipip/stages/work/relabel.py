"""The next pretraining set: kept frames with the student's labels, new ones with the teacher's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.config.run import RunSettings
from ipip.data import Frame, read_frames
from ipip.data.provenance import TEACHER
from ipip.decisions.pretraining_set import (
    SetEntry,
    count_composition,
    draw_held_out,
    held_out_count,
    next_pretraining_set,
)
from ipip.decisions.trust import nearest_distances, trust_limit, trusted
from ipip.errors import IpipError
from ipip.evaluation import metrics
from ipip.evaluation.expected_errors import largest_expected_errors
from ipip.export import load_student, read_metadata
from ipip.models import Student
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.records.pretraining_index import write_index
from ipip.records.pretraining_set import PretrainingSet
from ipip.records.student_labels import StudentLabels, write_student_labels
from ipip.stages.finetune import FINETUNE
from ipip.stages.forget import FORGET
from ipip.stages.harvest import HARVEST
from ipip.stages.inheritance import committee_of, last_student, student_of
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import base_set, frame_origins
from ipip.stages.relabel import RELABEL, Drift, Labeller, RelabelRecord, Trust
from ipip.stages.work.committee import members
from ipip.stages.work.labellers import average_weights, label_with
from ipip.storage.json_file import read_json
from ipip.train import frame_features


def relabel(run: StageRun) -> StageResult[RelabelRecord]:
    """Write the round's pretraining set, and report how far the student's labels moved."""
    settings, index = run.settings, run.round.index
    previous = base_set(run)
    forgotten = read_json(run.path(FORGET.of(index), FORGET.record.FORGOTTEN))["indices"]
    taken = HARVEST.read(run.manifests, index).taken
    origins = frame_origins(run.run, index) if taken else []
    new = _new_entries(settings, index, [origin.frame_id for origin in origins])
    dropped = set(forgotten)
    kept = [number for number in range(len(previous)) if number not in dropped]
    made = None if settings.iteration.kept_labels == "keep" else _relabelled(previous, kept, run)
    if made is None:
        labelled = previous.read(
            [number for number in kept if previous.entries[number].label != TEACHER]
        )
    else:
        labelled = [
            frame
            for frame, source in zip(made.frames, made.sources, strict=True)
            if source != TEACHER
        ]
    sources = None if made is None else made.sources
    entries = next_pretraining_set(previous.entries, forgotten, new, sources)
    outputs = [run.folder / RELABEL.record.INDEX]
    write_index(outputs[0], entries, None if made is None else made.uncertainty)
    if labelled:
        outputs.append(run.folder / RELABEL.record.STUDENT_LABELS)
        write_student_labels(outputs[1], StudentLabels.of(labelled))
    note = f"{len(kept)} kept, {len(dropped)} forgotten, {len(new)} new"
    if made is not None:
        note += f"; labels of kept frames moved by {made.drift.force_change_ev_per_a:.3f} eV/Å"
    if made is not None and made.trust is not None:
        note += f"; {made.trust.student} labelled by the trusted student"
    return StageResult(
        outputs=tuple(outputs),
        record=RelabelRecord(
            kept=len(kept),
            forgotten=len(dropped),
            new=len(new),
            composition=count_composition(entries),
            labellers=() if made is None else made.labellers,
            drift=None if made is None else made.drift,
            trust=None if made is None else made.trust,
        ),
        note=note,
    )


@dataclasses.dataclass(frozen=True)
class Relabelled:
    """Kept frames with new labels.

    Attributes:
        frames: with their labels in this set.
        sources: of each label.
        labellers: students used.
        drift: how far the labels moved.
        trust: sources of the labels, if the uncertainty decides.
        uncertainty: of the student on each frame, if it was computed.
    """

    frames: list[Frame]
    sources: list[str]
    labellers: tuple[Labeller, ...]
    drift: Drift
    trust: Trust | None = None
    uncertainty: list[float] | None = None


def _new_entries(
    settings: RunSettings, round_index: int, frame_ids: Sequence[str]
) -> list[SetEntry]:
    """Return the entries of harvested frames; a twentieth is held out for reported errors."""
    count = len(frame_ids)
    seed = derive_seed(settings.seed, round_index, "pretrain", "valid")
    held_out = draw_held_out(count, held_out_count(count, harvested=True), seed)
    return [
        SetEntry(identity, round_index, TEACHER, held, number)
        for number, (identity, held) in enumerate(zip(frame_ids, held_out, strict=True))
    ]


def _relabelled(previous: PretrainingSet, kept: Sequence[int], run: StageRun) -> Relabelled:
    """Label the kept frames with the student, or with the source that its uncertainty selects."""
    settings, frames = run.settings, previous.read(kept)
    device = settings.student_device
    students, labellers = _labellers(run)
    with run.reporter.tasks("student labels", len(frames) * len(students)) as advance:
        labelled, spread = label_with(students, frames, advance, device)
    name = f"student {run.round.base}"
    sources = [name] * len(frames)
    uncertainty, trust = None, None
    if settings.iteration.kept_labels == "trust":
        values, limit = _uncertainties(frames, spread, run)
        mine = trusted(values, limit)
        sources = [name if own else TEACHER for own in mine]
        others = [row for row, own in enumerate(mine.tolist()) if not own]
        teacher = previous.read_teacher([kept[row] for row in others])
        for row, frame in zip(others, teacher, strict=True):
            labelled[row] = frame
        uncertainty = [float(value) for value in values]
        trust = Trust(
            limit=limit,
            student=int(mine.sum()),
            teacher=int((~mine).sum()),
            median_uncertainty=float(np.median(values)),
        )
    broken = sum(frame.forces is None or not np.isfinite(frame.forces).all() for frame in labelled)
    if broken:
        raise IpipError(
            f"{run.folder}: the student of round {run.round.base} gives non-finite forces "
            f"on {broken} kept frames; lower the learning rates, or set iteration.kept_labels to "
            "keep"
        )
    errors = metrics(frames, labelled)
    drift = Drift(
        force_change_ev_per_a=errors["force_mae_ev_per_a"],
        energy_change_mev_per_atom=errors["energy_mae_mev_per_atom"],
    )
    return Relabelled(labelled, sources, labellers, drift, trust, uncertainty)


def _labellers(run: StageRun) -> tuple[list[Student], tuple[Labeller, ...]]:
    """Return the labeller, and name and weights' digest of each student used."""
    iteration, base = run.settings.iteration, run.round.base
    how = iteration.labeller
    if how == "committee":
        files = _committee(run)
        names = [f"student {base}", *(f"{path.stem} of round {base}" for path in files[1:])]
    elif how == "average":
        rounds = run.round.chain[-iteration.averaged :]
        files = [run.path(student_of(index), FINETUNE.record.STUDENT) for index in rounds]
        names = [f"student {index}" for index in rounds]
    else:
        files, names = [last_student(run)], [f"student {base}"]
    students = [load_student(path) for path in files]
    labellers = tuple(
        Labeller(name=name, weights_digest=read_metadata(path).weights_digest)
        for name, path in zip(names, files, strict=True)
    )
    return ([average_weights(students)] if how == "average" else students), labellers


def _committee(run: StageRun) -> list[Path]:
    """Return the files of the round's starting student and of its committee's other members."""
    folder = run.run.stage(committee_of(run.round.base))
    return [last_student(run), *members(folder, run.settings.iteration.committee)]


def _uncertainties(
    frames: Sequence[Frame], spread: np.ndarray[Any, Any], run: StageRun
) -> tuple[np.ndarray[Any, Any], float]:
    """Return the student's uncertainty on each frame, and the limit of trust."""
    iteration, device = run.settings.iteration, run.settings.student_device
    valid = read_frames(run.path(LABEL.of(0), LABEL.record.VALID))
    factor = iteration.trust_factor
    if iteration.uncertainty == "committee":
        students = [load_student(path) for path in _committee(run)]
        if iteration.labeller != "committee":
            spread = label_with(students, frames, device=device)[1]
        return spread, trust_limit(label_with(students, valid, device=device)[1], factor)
    if iteration.uncertainty == "expected_error":
        errors = largest_expected_errors(last_student(run), [*frames, *valid], device)
        return errors[: len(frames)], trust_limit(errors[len(frames) :], factor)
    student = load_student(last_student(run))
    train = read_frames(run.path(LABEL.of(0), LABEL.record.TRAIN))
    queries = frame_features(student, [*frames, *valid], device=device)
    distances = nearest_distances(queries, frame_features(student, train, device=device))
    return distances[: len(frames)], trust_limit(distances[len(frames) :], factor)
