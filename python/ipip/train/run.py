"""`ipip train`: from labelled files to a student file and its test errors, in one folder."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ipip.config.influence import paths_without_influence, with_files_by_name
from ipip.config.train_run import TrainRunSettings
from ipip.config.yaml_text import parse_yaml, yaml_text
from ipip.data.digest import frames_digest
from ipip.data.frame import Frame
from ipip.data.split import Split
from ipip.data.view import joined
from ipip.errors import InputError
from ipip.evaluation.expected_errors import try_add_uncertainty
from ipip.evaluation.metrics import Metrics, metrics
from ipip.export import save_student
from ipip.storage.atomic import write_text
from ipip.storage.disk_space import full_disk_explained
from ipip.storage.lock import hold_folder
from ipip.train import processes
from ipip.train.fitting.fit import FitResult, fit
from ipip.train.plan import TrainPlan, plan_training, read_for_split
from ipip.train.prediction.predict import predict
from ipip.train.records.checkpoints import checkpoint_kept
from ipip.train.records.training_record import refuse_difference

LOCK = "config.lock.yaml"
SPLIT = "split.json"
STUDENT = "student.pt"
REPORT = "test.json"


@dataclasses.dataclass(frozen=True)
class TrainReport:
    """The result of a training run.

    Attributes:
        result: of the training.
        part: frames of the errors: `test`, or `valid` without a test part.
        errors: of the student on this part.
        student_file: the model file.
    """

    result: FitResult
    part: str
    errors: Metrics
    student_file: Path


def prepare(settings: TrainRunSettings, folder: Path) -> TrainPlan:
    """Check everything; an earlier run with the same settings in the folder provides the split.

    Raises:
        InputError: unusable input, or the folder belongs to other settings.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder for the output")
    _refuse_other_settings(settings, folder)
    split = None
    if (folder / SPLIT).exists():
        split = Split.load(folder / SPLIT, read_for_split(settings))
    return plan_training(settings, split)


def _refuse_other_settings(settings: TrainRunSettings, folder: Path) -> None:
    """Refuse a folder of other settings. Files may have moved: `fit` compares the frames."""
    lock = folder / LOCK
    if lock.exists():
        ignored = paths_without_influence(settings) | {"folder"}
        refuse_difference(folder, *with_files_by_name(_read_lock(lock), settings), ignored)


def train_run(
    settings: TrainRunSettings, plan: TrainPlan, folder: Path, *, progress: bool = True
) -> TrainReport | None:
    """Train, save the student and its test errors; a second call resumes or returns.

    Writes config.lock.yaml, split.json, the training's files (`ipip.train.fit`), student.pt,
    test.json, errors.csv, parity.png and training.html.

    Args:
        settings: of the run.
        plan: of `prepare` for the same settings and folder.
        folder: created if needed.
        progress: show a progress bar if the output is a terminal.

    Returns:
        The report; None on all but the first of several processes.

    Raises:
        InputError, IpipError: as `ipip.train.fit`.
    """
    with (
        contextlib.ExitStack() as held,
        full_disk_explained(folder, lambda: checkpoint_kept(folder)),
    ):
        processes.from_first(lambda: held.enter_context(hold_folder(folder, "train")))
        if processes.is_first():
            _refuse_other_settings(settings, folder)  # another may have started since `prepare`
            folder.mkdir(parents=True, exist_ok=True)
            locked = yaml_text(_locked(settings))
            write_text(folder / LOCK, locked)
            plan.split.save(folder / SPLIT)
        result = fit(
            plan.student,
            plan.train,
            plan.valid,
            settings.training,
            folder,
            seed=settings.seed,
            replay_frames=plan.replay,
            progress=progress,
        )
        if not processes.is_first():
            return None
        part = next(name for name in ("test", "valid", "train") if len(getattr(plan, name)))
        reference: Sequence[Frame] = getattr(plan, part)
        predicted = predict(result.student, reference)
        errors = metrics(reference, predicted)
        _write(settings, plan, folder, result, part, errors)
        _draw(folder, result, part, reference, predicted)
    return TrainReport(result, part, errors, folder / STUDENT)


def _write(
    settings: TrainRunSettings,
    plan: TrainPlan,
    folder: Path,
    result: FitResult,
    part: str,
    errors: Metrics,
) -> None:
    save_student(
        result.student,
        folder / STUDENT,
        training_digest=frames_digest(plan.train),
        training={
            "train_frames": len(plan.train),
            "valid_frames": len(plan.valid),
            "replayed_frames": len(plan.replay),
            "steps": result.steps,
            "best_epoch": result.best_epoch,
            "seed": settings.seed,
            "settings": settings.training.model_dump(mode="json"),
            "errors_on": part,
            "errors": dict(errors),
        },
    )
    try_add_uncertainty(folder / STUDENT, joined(plan.train, plan.replay), plan.valid)
    report = {
        "part": part,
        "errors": errors,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
        "wall_s": result.wall_s,
        "frames": {name: s.as_dict() for name, s in plan.statistics.items()},
        "duplicates": plan.duplicates.as_dict(),
        "outliers": [dataclasses.asdict(outlier) for outlier in plan.outliers],
    }
    write_text(folder / REPORT, json.dumps(report, indent=1) + "\n")


def _draw(
    folder: Path,
    result: FitResult,
    part: str,
    reference: Sequence[Frame],
    predicted: Sequence[Frame],
) -> None:
    from ipip.evaluation.interactive import write_page  # plotting is not needed to start
    from ipip.evaluation.parity import plot_parity, write_frame_errors

    student = result.student
    energies = dict(zip(student.symbols, student.reference_energies.tolist(), strict=True))
    title = f"{len(reference)} {part} frames"
    write_frame_errors(reference, predicted, folder / "errors.csv")
    plot_parity(
        reference, predicted, folder / "parity.png", title=title, reference_energies=energies
    )
    write_page(
        folder / "training.html",
        reference,
        predicted,
        title=f"{folder.name}: {student.architecture} on {title}",
        history=result.history,
        best_epoch=result.best_epoch,
        reference_energies=energies,
    )


def _locked(settings: TrainRunSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude={"folder"})


def _read_lock(path: Path) -> dict[str, Any]:
    """Read the settings of an earlier run in the folder.

    Raises:
        InputError: they are damaged.
    """
    try:
        recorded = parse_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        recorded = None
    if isinstance(recorded, dict) and "rounds" in recorded:
        raise InputError(f"{path.parent}: is a run folder; choose another folder with --dir")
    if not isinstance(recorded, dict) or not isinstance(recorded.get("training"), dict):
        raise InputError(
            f"{path}: is damaged; remove it: the training has another record, which is "
            "compared with the settings"
        )
    return recorded
