"""`ipip train`: from labelled files to a student file and its test errors, in one folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import yaml

from ipip.config.train_run import TrainRunSettings
from ipip.data.atomic import write_text
from ipip.data.digest import frames_digest
from ipip.data.split import Split
from ipip.errors import InputError
from ipip.export import save_student
from ipip.train.checkpoints import disk_full_explained
from ipip.train.fit import FitResult, fit
from ipip.train.marker import refuse_difference
from ipip.train.metrics import Metrics, metrics
from ipip.train.parity import plot_parity, write_frame_errors
from ipip.train.plan import TrainPlan, plan_training, read_for_split
from ipip.train.predict import predict

LOCK = "config.lock.yaml"
SPLIT = "split.json"
STUDENT = "student.pt"
REPORT = "test.json"


@dataclasses.dataclass(frozen=True)
class TrainReport:
    """What a training run gave.

    Attributes:
        result: of the training.
        part: on which frames the errors are: `test`, or `valid` where there is no test part.
        errors: of the student there.
        student_file: the model file.
    """

    result: FitResult
    part: str
    errors: Metrics
    student_file: Path


def prepare(settings: TrainRunSettings, folder: Path) -> TrainPlan:
    """Check everything; a folder of an earlier run of the same settings gives its stored split.

    Raises:
        InputError: unusable input, or the folder belongs to other settings.
    """
    lock = folder / LOCK
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder for the output")
    if lock.exists():
        refuse_difference(
            folder, yaml.safe_load(lock.read_text(encoding="utf-8")), _locked(settings)
        )
    split = None
    if (folder / SPLIT).exists():
        split = Split.load(folder / SPLIT, read_for_split(settings))
    return plan_training(settings, split)


def train_run(
    settings: TrainRunSettings, plan: TrainPlan, folder: Path, *, progress: bool = True
) -> TrainReport:
    """Train, save the student and its test errors; run again, it continues or returns.

    Writes config.lock.yaml, split.json, the training's files (`ipip.train.fit`), student.pt,
    test.json, errors.csv and parity.png.

    Args:
        settings: of the run.
        plan: of `prepare` for the same settings and folder.
        folder: made if needed.
        progress: show a progress bar if the output is a terminal.

    Raises:
        InputError, IpipError: as `ipip.train.fit`.
    """
    with disk_full_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(
            folder / LOCK, yaml.safe_dump(_locked(settings), sort_keys=False, allow_unicode=True)
        )
        plan.split.save(folder / SPLIT)
        result = fit(
            plan.student,
            plan.train,
            plan.valid,
            settings.training,
            folder,
            seed=settings.seed,
            progress=progress,
        )
        part = "test" if plan.test else "valid" if plan.valid else "train"
        reference = getattr(plan, part)
        predicted = predict(result.student, reference)
        errors = metrics(reference, predicted)
        save_student(
            result.student,
            folder / STUDENT,
            training_digest=frames_digest(plan.train),
            training={
                "train_frames": len(plan.train),
                "valid_frames": len(plan.valid),
                "steps": result.steps,
                "best_epoch": result.best_epoch,
                "seed": settings.seed,
                "settings": settings.training.model_dump(mode="json"),
                "errors_on": part,
                "errors": dict(errors),
            },
        )
        report = {
            "part": part,
            "errors": errors,
            "best_epoch": result.best_epoch,
            "steps": result.steps,
            "wall_s": result.wall_s,
            "frames": {name: s.as_dict() for name, s in plan.statistics.items()},
        }
        write_text(folder / REPORT, json.dumps(report, indent=1) + "\n")
        write_frame_errors(reference, predicted, folder / "errors.csv")
        energies = dict(
            zip(result.student.symbols, result.student.reference_energies.tolist(), strict=True)
        )
        plot_parity(
            reference,
            predicted,
            folder / "parity.png",
            title=f"{len(reference)} {part} frames",
            reference_energies=energies,
        )
    return TrainReport(result, part, errors, folder / STUDENT)


def _locked(settings: TrainRunSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude={"folder"})
