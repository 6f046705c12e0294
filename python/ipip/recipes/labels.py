"""A student trained on the labels only: the baseline of the paper's tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ipip.config.data import SplitSettings
from ipip.config.train_run import TrainRunSettings
from ipip.data import read_files
from ipip.errors import InputError
from ipip.evaluation.molecular import molecular_errors
from ipip.recipes.molecule import SPLIT, Recipe, described, draw_split
from ipip.storage.atomic import write_text
from ipip.storage.lock import writes
from ipip.train.run import prepare, train_run


@writes("folder", "train")
def train_on_labels(
    recipe: Recipe, folder: Path, *, seed: int, progress: bool = True
) -> dict[str, Any]:
    """Train a student on the labels, or resume; return the report.

    Args:
        recipe: molecule, data and hyper-parameters.
        folder: gets split.json, report.json and `train/`, the files of `ipip train`.
        seed: of the split, the weights and the order of frames.
        progress: show a progress bar if the output is a terminal.

    Returns:
        The content of `report.json`: the data, and `results`, a list of `{name,
        energy_mae_kcal_per_mol, force_mae_kcal_per_mol_a, ...}` on the test part.

    Raises:
        InputError, IpipError: as `draw_split` and `ipip.train.fit`.
    """
    folder = folder.absolute()
    split = draw_split(recipe, read_files([recipe.data]), folder, seed)
    settings = TrainRunSettings(
        data=[recipe.data],
        split=SplitSettings(file=folder / SPLIT),
        student=recipe.settings.student,
        training=recipe.settings.training,
        seed=seed,
    )
    out = folder / "train"
    trained = train_run(settings, prepare(settings, out), out, progress=progress)
    if trained is None:
        raise InputError("a recipe runs in one process; start it without torchrun")
    result = {
        "name": "student on the labels alone",
        **molecular_errors(trained.errors),
        "steps": trained.result.steps,
        "best_epoch": trained.result.best_epoch,
        "wall_s": trained.result.wall_s,
        "student": str(trained.student_file.relative_to(folder)),
    }
    report = described(recipe, split) | {"results": [result]}
    write_text(folder / "report.json", json.dumps(report, indent=1) + "\n")
    return report
