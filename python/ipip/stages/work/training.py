"""Pretraining and fine-tuning."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame, frames_digest, read_frames
from ipip.data.provenance import Provenance
from ipip.data.view import FrameView, chosen_from, joined
from ipip.decisions.pretraining_set import draw_held_out, held_out_count
from ipip.evaluation import metrics, predict_file
from ipip.evaluation.expected_errors import try_add_uncertainty
from ipip.export import load_student, save_student
from ipip.models import Student, build_student
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.records.pretraining_set import PretrainingSet
from ipip.stages.finetune import learns_from_set
from ipip.stages.inheritance import last_student
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN, HarvestedErrors, PretrainRecord, TrainingRecord
from ipip.stages.pretraining_frames import own_set
from ipip.stages.work.by_method import ByMethod
from ipip.stages.work.reference_labels import reference_frames
from ipip.storage.json_file import write_json
from ipip.train import FitResult, fit, processes, steps_of
from ipip.train.records.damage import training_problem

Trainer = Callable[..., FitResult]  # with the arguments of `ipip.train.fit`


def pretrain(run: StageRun) -> StageResult[PretrainRecord]:
    """Train on the round's pretraining set, from new weights or from the last round's student."""
    settings, round_index = run.settings, run.round.index
    if settings.pretrain is None:
        return _untrained(run)
    frames = own_set(run)
    seed = derive_seed(settings.seed, round_index, "pretrain")
    parts = divide_set(frames, derive_seed(settings.seed, round_index, "pretrain", "valid"))
    train, valid = parts.train, parts.valid
    if run.round.chain and settings.iteration.start == "warm":
        student = load_student(last_student(run))
    else:
        student = new_student(run)
    method, device = settings.pretrain.method.kind, settings.student_device
    if method == "labels":
        made = _train(student, train, valid, settings.pretrain.training, run, seed)
        return _pretrained(made, method, _harvested_errors(made, parts.harvested, device))
    trainer = ByMethod(settings.teacher, run.folder, run.reporter)
    made = _train(student, train, valid, settings.pretrain, run, seed, trainer)
    return _pretrained(made, method, calls=trainer.teacher_calls)


def _pretrained(
    made: StageResult[TrainingRecord],
    method: str,
    harvested: HarvestedErrors | None = None,
    calls: int = 0,
) -> StageResult[PretrainRecord]:
    """Return the result of a training as that of pretraining."""
    note = made.note if method == "labels" else f"{method}: {made.note}"
    if harvested is not None:
        error = harvested.force_mae_ev_per_a
        note += f"; {error:.3f} eV/Å on {harvested.frames} harvested frames held out"
    if calls:
        note += f", {calls} teacher evaluations"
    return StageResult(
        outputs=made.outputs,
        record=PretrainRecord(**dict(made.record), method=method, harvested=harvested),
        teacher_calls=calls,
        times=made.times,
        seeds=made.seeds,
        note=note,
    )


def _harvested_errors(
    made: StageResult[TrainingRecord], frames: Sequence[Frame], device: str
) -> HarvestedErrors | None:
    """Return the error on harvested frames that were held out."""
    if not frames:
        return None
    errors = metrics(frames, predict_file(made.outputs[0], frames, device))
    return HarvestedErrors(frames=len(frames), force_mae_ev_per_a=errors["force_mae_ev_per_a"])


def _untrained(run: StageRun) -> StageResult[PretrainRecord]:
    path = run.folder / PRETRAIN.record.STUDENT
    processes.from_first(lambda: save_student(new_student(run), path))
    record = PretrainRecord(steps=0, method="none")
    return StageResult(outputs=(path,), record=record, note="none: new weights")


def finetune(run: StageRun) -> StageResult[TrainingRecord]:
    """Train the pretrained student on the reference training frames, with a new optimiser.

    Pretraining frames may be replayed among them (`iteration.replay`), so that the student
    forgets less of them.
    """
    settings, round_index, label = run.settings, run.round.index, LABEL.of(0)
    train = read_frames(run.path(label, LABEL.record.TRAIN)) + reference_frames(run)
    valid = read_frames(run.path(label, LABEL.record.VALID))
    student = load_student(run.path(PRETRAIN.of(round_index), PRETRAIN.record.STUDENT))
    seed = derive_seed(settings.seed, round_index, "finetune")
    training = settings.finetune
    unlabelled = settings.pretrain is not None and not settings.pretrain.method.uses_labels
    if unlabelled and training.references == "auto":  # the energy's zero was undetermined before
        training = training.model_copy(update={"references": "shift"})
    pool: Sequence[Frame] = ()
    if learns_from_set(settings):
        frames = own_set(run)
        rows = [row for row, entry in enumerate(frames.entries) if not entry.held_out]
        pool = FrameView([frames], rows)
    if settings.iteration.replay:
        train += replayed(pool, len(train), settings.iteration.replay, seed)
    return _train(student, train, valid, training, run, seed, known=pool)


def replayed(pool: Sequence[Frame], count: int, multiple: float, seed: int) -> list[Frame]:
    """Draw `multiple` times `count` pretraining frames at random, at most all of them.

    Their energies stay unchanged. `align_energies` of `replay` fits and subtracts a student's
    residuals, as frames of an unknown energy zero need. A pretraining set needs no such fit: the
    teacher's labels include the shift to the reference, fitted in round 0 on frames that both
    labelled, and a relabelling student was fine-tuned on the reference. A second fit, to the
    residuals of this student, would mistake its errors for a difference of zeros.
    """
    number = min(len(pool), round(multiple * count))
    chosen = np.random.default_rng(seed).choice(len(pool), size=number, replace=False)
    return list(chosen_from(pool, sorted(chosen.tolist())))


def new_student(run: StageRun) -> Student:
    """Make a student with new weights and the run's energy scale."""
    settings = run.settings
    student = build_student(
        settings.student.architecture,
        settings.elements,
        seed=derive_seed(settings.seed, run.round.index, "weights"),
        **settings.student.arguments(),
    )
    scale = LABEL.read(run.manifests, 0).energy_scale
    energies = [scale.reference_energies[symbol] for symbol in settings.elements]
    student.set_energy_scale(energies, scale.scale, 0.0)
    return student


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of a pretraining set.

    Attributes:
        train: frames to train on.
        valid: frames of the teacher's MD that select the epoch, the same in every round.
        harvested: harvested frames that no round trains on: their error is reported and selects
            nothing, since they differ, with larger forces, in every round.
    """

    train: Sequence[Frame]
    valid: Sequence[Frame]
    harvested: Sequence[Frame]


def divide_set(frames: PretrainingSet, seed: int) -> Parts:
    """Divide a pretraining set by its index; see `divide`. No frame is read."""
    marked = [entry.held_out for entry in frames.entries]
    return _divided(frames, marked, [entry.origin == 0 for entry in frames.entries], seed)


def divide(frames: Sequence[Frame], seed: int) -> Parts:
    """Divide a pretraining set by its marks; without any, a random part validates.

    Args:
        frames: of the set, with marks in their info.
        seed: of the draw.
    """
    known = [Provenance.of(frame) for frame in frames]
    marked = [one.held_out for one in known]
    return _divided(frames, marked, [(one.origin or 0) == 0 for one in known], seed)


def _divided(
    frames: Sequence[Frame], marked: Sequence[bool], first: Sequence[bool], seed: int
) -> Parts:
    if not any(marked):
        marked = draw_held_out(len(frames), held_out_count(len(frames)), seed)
        first = [True] * len(frames)
    known = list(enumerate(zip(marked, first, strict=True)))
    return Parts(
        train=chosen_from(frames, [row for row, (held, _) in known if not held]),
        valid=chosen_from(frames, [row for row, (held, own) in known if held and own]),
        harvested=chosen_from(frames, [row for row, (held, own) in known if held and not own]),
    )


def _train(
    student: Student,
    train: Sequence[Frame],
    valid: Sequence[Frame],
    settings: TrainingSettings,
    run: StageRun,
    seed: int,
    trainer: Trainer = fit,
    known: Sequence[Frame] = (),
) -> StageResult[TrainingRecord]:
    folder = run.folder / PRETRAIN.record.TRAINING
    path = run.folder / PRETRAIN.record.STUDENT
    result, validation = train_student(
        student, train, valid, settings, folder, path, seed, run, trainer, known
    )
    note = f"{result.steps} steps on {len(train)} frames"
    record = TrainingRecord(
        steps=result.steps,
        best_epoch=result.best_epoch,
        train_frames=len(train),
        valid_frames=len(valid),
        validation=validation,
    )
    if record.valid_force_mae_ev_per_a is not None:
        note += f", validation force MAE {record.valid_force_mae_ev_per_a:.3f} eV/Å"
    return StageResult(
        outputs=(path, *sorted(folder.glob("*.csv"))),
        record=record,
        times={"training_s": result.wall_s},
        seeds={"training": seed},
        note=note,
    )


def train_student(
    student: Student,
    train: Sequence[Frame],
    valid: Sequence[Frame],
    settings: TrainingSettings,
    folder: Path,
    path: Path,
    seed: int,
    run: StageRun,
    trainer: Trainer = fit,
    known: Sequence[Frame] = (),
) -> tuple[FitResult, dict[str, float]]:
    """Train a student in `folder` and write it to `path`.

    The file gets expected errors, from the features of `train` and of the earlier training
    frames, `known`.

    Also return figures of the selected epoch on the validation frames, as in `TrainingRecord`.

    The run has one energy scale: a fit in each stage would move it.
    """
    torch.set_num_threads(1)
    if settings.references == "auto":
        settings = settings.model_copy(update={"references": "keep"})
    plan = {"steps": steps_of(settings, len(train))}
    processes.from_first(lambda: _prepare_folder(folder, plan, run))
    result = trainer(student, train, valid, settings, folder, seed=seed, progress=True)
    provenance = {
        "stage": run.folder.parent.name + "/" + run.folder.name,
        "steps": result.steps,
        "stress_weight": settings.stress_weight,
    }
    digest = frames_digest(train)

    def write() -> None:
        save_student(result.student, path, training_digest=digest, training=provenance)
        try_add_uncertainty(path, joined(train, known), valid)

    processes.from_first(write)
    best = next((row for row in result.history if row["epoch"] == result.best_epoch), {})
    validation = {
        name.removeprefix("valid_"): float(value)
        for name, value in best.items()
        if name.startswith("valid_") and value is not None
    }
    return result, validation


def _prepare_folder(folder: Path, plan: dict[str, int], run: StageRun) -> None:
    """Remove a training that cannot be continued, and report the work ahead."""
    problem = training_problem(folder)
    if problem is not None:
        run.reporter.message(f"{problem.split('; ')[0]}; this training starts over")
        shutil.rmtree(folder)
    write_json(folder / Path(PRETRAIN.record.PLAN).name, plan)
