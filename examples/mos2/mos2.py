"""PaiNN and ViSNet trained on one MD run of a MoS2 monolayer (DFT), tested on the other run.

    python examples/mos2/mos2.py frames.xyz --dir runs/mos2

Foundation potentials are tested on the same frames.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from parity import plot_models
from rich.console import Console
from rich.table import Table
from runs import split_by_run

from ipip.config.data import DataFile, DataKeys, SplitSettings
from ipip.config.teacher import TeacherSettings
from ipip.config.train_run import TrainRunSettings
from ipip.data import Frame, Split, elements_of, file_digest, read_frames, write_frames
from ipip.decisions.energy_shift import EnergyShift, apply_energy_shift, fit_energy_shift
from ipip.errors import InputError
from ipip.evaluation import metrics
from ipip.export import load_student
from ipip.recipes.command import end
from ipip.storage.atomic import write_text
from ipip.teachers import Teacher
from ipip.train import predict
from ipip.train.run import prepare, train_run

HERE = Path(__file__).resolve().parent
KEYS = DataKeys(
    energy="Energy",
    forces="force",
    stress="Virial",
    stress_is="virial",
    config_type="Config_type",
)
TEACHERS = ("7net-0", "7net-l3i5")
STUDENTS = ("painn", "visnet")
VALID = 5
QUICK_FRAMES = 4
# Fine-tuned on all 104 frames and tested on them: GPUMD-Tutorials, example 26; energies: RMSE only.
NEP89 = {
    "force_mae_ev_per_a": 0.046,
    "force_rmse_ev_per_a": 0.060,
    "energy_rmse_mev_per_atom": 0.44,
}
COLUMNS = (
    ("force MAE", "force_mae_ev_per_a", 1000.0, ".1f"),
    ("force RMSE", "force_rmse_ev_per_a", 1000.0, ".1f"),
    ("slope", "force_slope", 1.0, ".3f"),
    ("energy MAE", "energy_mae_mev_per_atom", 1.0, ".2f"),
    ("energy RMSE", "energy_rmse_mev_per_atom", 1.0, ".2f"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="Students of a MoS2 monolayer, from DFT labels.")
    parser.add_argument("frames", type=Path, help="frames.xyz: 104 frames of Mo30S60, two MD runs")
    parser.add_argument("--dir", type=Path, required=True, dest="folder", help="output folder")
    parser.add_argument(
        "--models",
        nargs="+",
        choices=TEACHERS + STUDENTS,
        default=list(TEACHERS + STUDENTS),
        help="what to test (all)",
    )
    parser.add_argument(
        "--reverse", action="store_true", help="train on the second run, test on the first"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of split, weights, order (1)")
    parser.add_argument("--quick", action="store_true", help="tiny students, a few frames")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    return end(lambda: compare(options))


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Train, test, and write results.json and parity.png; return the results."""
    data = DataFile(path=options.frames.absolute(), keys=KEYS)
    frames = read_frames(data.path, KEYS)
    split = split_by_run(
        frames,
        reverse=options.reverse,
        valid=1 if options.quick else VALID,
        seed=options.seed,
        most=QUICK_FRAMES if options.quick else None,
    )
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    stored = folder / "split.json"
    if stored.exists() and Split.load(stored, frames) != split:
        raise InputError(f"{stored}: is another split than requested; choose another folder")
    split.save(stored)
    reference = split.take(frames, "test")
    settings = yaml.safe_load(
        (HERE / ("quick.yaml" if options.quick else "students.yaml")).read_text(encoding="utf-8")
    )
    results: list[dict[str, Any]] = []
    predicted: dict[str, list[Frame]] = {}
    for name in options.models:
        if name in TEACHERS:
            predicted[name], said = _ask_teacher(name, frames, split, folder / name)
        else:
            run = TrainRunSettings(
                data=[data],
                split=SplitSettings(file=stored),
                seed=options.seed,
                **settings[name],
            )
            predicted[name], said = _train(run, reference, folder / name)
        results.append({"model": name, **_figures(reference, predicted[name]), **said})
    report = {
        "data": {"file": data.path.name, "digest": file_digest(data.path)},
        "train_on": "second run" if options.reverse else "first run",
        "frames": {part: len(getattr(split, part)) for part in ("train", "valid", "test")},
        "seed": options.seed,
        "published": {"NEP89": NEP89},
        "results": results,
    }
    write_text(folder / "results.json", json.dumps(report, indent=1) + "\n")
    title = f"MoS2, PBE-D3: {len(reference)} frames of the MD run that no student has seen"
    plot_models(reference, predicted, folder / "parity.png", title)
    _print(report)
    return report


def _train(
    run: TrainRunSettings, reference: list[Frame], folder: Path
) -> tuple[list[Frame], dict[str, Any]]:
    trained = train_run(run, prepare(run, folder), folder)
    if trained is None:
        raise InputError("this example runs in one process; start it without torchrun")
    student = load_student(trained.student_file)
    said = {"steps": trained.result.steps, "wall_s": round(trained.result.wall_s, 1)}
    settings = {
        "student": run.student.model_dump(mode="json"),
        "training": run.training.model_dump(mode="json", exclude_defaults=True),
    }
    return predict(student, reference), said | settings


def _ask_teacher(
    name: str, frames: list[Frame], split: Split, folder: Path
) -> tuple[list[Frame], dict[str, Any]]:
    """Label frames; one energy shift, fitted on the training frames, aligns the zeros."""
    train, test = list(split.take(frames, "train")), list(split.take(frames, "test"))
    labelled = _labels(name, [*train, *test], folder)
    shift = fit_energy_shift(train, labelled[: len(train)], elements_of(train))
    shifted = apply_energy_shift(labelled[len(train) :], shift.by_symbol())
    return shifted, {"energy_shift": dataclasses.asdict(EnergyShift.of(shift))}


def _labels(name: str, frames: list[Frame], folder: Path) -> list[Frame]:
    """Return the teacher's labels, which are requested once and kept in `folder/labels.xyz`."""
    stored = folder / "labels.xyz"
    if stored.exists():
        labelled = read_frames(stored)
        if len(labelled) == len(frames) and all(
            np.array_equal(one.positions, other.positions)
            for one, other in zip(labelled, frames, strict=True)
        ):
            return labelled
    with Teacher(TeacherSettings(kind="sevennet", model=name), folder) as teacher:
        labelled = teacher.label(frames)
    write_frames(stored, [frame.replace(info={}) for frame in labelled])
    return labelled


def _figures(reference: Sequence[Frame], predicted: Sequence[Frame]) -> dict[str, Any]:
    """Return the errors, and the slope of predicted against reference force components."""
    errors: dict[str, Any] = dict(metrics(reference, predicted))
    x, y = (
        np.concatenate([np.ravel(frame.forces) for frame in part])
        for part in (reference, predicted)
    )
    errors["force_slope"] = float(x @ y / (x @ x))
    return {key: value for key, value in errors.items() if key != "by_config_type"}


def _print(report: Mapping[str, Any]) -> None:
    console = Console(highlight=False)
    students = [result for result in report["results"] if result["model"] in STUDENTS]
    if students:
        best = min(students, key=lambda result: result["force_rmse_ev_per_a"])
        ratio = NEP89["force_rmse_ev_per_a"] / best["force_rmse_ev_per_a"]
        console.print(
            f"{best['model']}, on frames it has not seen: force RMSE "
            f"{1000 * best['force_rmse_ev_per_a']:.1f} meV/Å; fine-tuned NEP89, on its own "
            f"training frames: {ratio:.1f} times that",
            style="bold",
        )
    frames = report["frames"]
    table = Table(
        title=f"trained on {frames['train']} frames of the {report['train_on']} "
        f"({frames['valid']} for validation), tested on {frames['test']} of the other; meV/Å "
        "and meV/atom",
        title_justify="left",
    )
    table.add_column("")
    for heading, *_ in COLUMNS:
        table.add_column(heading, justify="right")
    for result in report["results"]:
        table.add_row(result["model"], *_cells(result))
    table.add_section()
    for name, figures in report["published"].items():
        table.add_row(name, *_cells(figures))
    console.print(table)
    console.print("NEP89: fine-tuned on all 104 frames and tested on them, as published")


def _cells(figures: Mapping[str, Any]) -> list[str]:
    return [
        f"{scale * figures[key]:{form}}" if key in figures else ""
        for _, key, scale, form in COLUMNS
    ]


if __name__ == "__main__":
    sys.exit(main())
