"""A student of the loop: teacher MD, pretraining, fine-tuning on the labels, rounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipip.config.run import RunSettings
from ipip.config.teacher import TeacherSettings
from ipip.config.yaml_text import yaml_text
from ipip.data import Frame, elements_of, read_files, write_frames
from ipip.data.draw import draw_indices
from ipip.evaluation.molecular import molecular_errors
from ipip.loop.run import run_loop
from ipip.pipeline.reporter import Reporter
from ipip.pipeline.seeds import derive_seed
from ipip.recipes.molecule import SPLIT, Recipe, described, draw_split
from ipip.storage.atomic import write_text

SETTINGS = "run.yaml"


def run_rounds(
    recipe: Recipe,
    teacher: TeacherSettings,
    folder: Path,
    *,
    seed: int,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Run or resume the loop on a molecule; return the report.

    MD starts from training frames only, so that no test frame is used.

    Args:
        recipe: molecule, data and hyper-parameters.
        teacher: the foundation potential.
        folder: gets split.json, starts/, run.yaml (the settings, for `ipip run`), report.json and
            `run/`, the run folder.
        seed: from which all others are derived.
        reporter: receives the progress.

    Returns:
        The content of `report.json`: the data, and `results`, an entry for teacher and each round.

    Raises:
        InputError, IpipError: as `draw_split` and `ipip.loop.run.run_loop`.
    """
    folder = folder.absolute()
    frames = read_files([recipe.data])
    split = draw_split(recipe, frames, folder, seed)
    starts = _write_starts(split.take(frames, "train"), recipe.settings.starts, folder, seed)
    settings = _run_settings(recipe, teacher, elements_of(frames), folder, starts, seed)
    text = yaml_text(settings.model_dump(mode="json"))
    write_text(folder / SETTINGS, text)
    summary = run_loop(settings, folder / "run", reporter=reporter)
    results = [{"name": "teacher", **molecular_errors(summary["teacher"]["test"])}]
    results += [
        {
            "name": f"student of round {entry['round']}",
            **molecular_errors(entry["test"]),
            "failures": entry["failures"],
        }
        for entry in summary["rounds"]
    ]
    report = described(recipe, split) | {
        "verdict": summary["verdict"],
        "best_round": summary["best_round"],
        "results": results,
    }
    write_text(folder / "report.json", json.dumps(report, indent=1) + "\n")
    return report


def _write_starts(train: Sequence[Frame], count: int, folder: Path, seed: int) -> list[Path]:
    """Draw starts among the training frames and write each as a file."""
    (folder / "starts").mkdir(exist_ok=True)
    paths = []
    for index in draw_indices(len(train), count, derive_seed(seed, "starts")):
        path = folder / "starts" / f"start-{index:06d}.xyz"
        if not path.exists():
            write_frames(path, [train[index].replace(energy=None, forces=None, info={})])
        paths.append(path)
    return paths


def _run_settings(
    recipe: Recipe,
    teacher: TeacherSettings,
    elements: list[str],
    folder: Path,
    starts: list[Path],
    seed: int,
) -> RunSettings:
    defaults = recipe.settings
    counted = [path.stem for path in starts[: defaults.stability_starts]]
    values = {
        "seed": seed,
        "rounds": defaults.rounds,
        "elements": elements,
        "teacher": teacher,
        "reference": {"data": [recipe.data], "split": {"file": folder / SPLIT}},
        "systems": [{"name": path.stem, "file": path} for path in starts],
        "teacher_md": defaults.teacher_md,
        "student_md": defaults.student_md,
        "harvest": defaults.harvest,
        "student": defaults.student,
        "pretrain": defaults.pretrain,
        "finetune": defaults.training,
        "stability": {"systems": counted, "runs": 1 if counted else 0},
        "speed": {"replicate": (1, 1, 1)},
    }
    return RunSettings.model_validate(values)
