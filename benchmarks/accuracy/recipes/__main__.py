"""The effect of recipes: errors of one network at equal optimiser steps, one change at a time.

python -m benchmarks.accuracy.recipes [--set acetylacetone] [--recipe "sinc 10"] [--steps 8000]
    [--labels 450] [--seed 1 --seed 2]

Sets are as in benchmarks.accuracy. Each training is done once: the same command resumes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.jobs import Job, results_of, run_job
from benchmarks.accuracy.molecules import Sampling
from benchmarks.accuracy.recipes.listing import RECIPES
from benchmarks.accuracy.sets import make_set, source_of
from rich.console import Console
from rich.table import Table

from ipip.errors import IpipError

Rows = list[dict[str, Any]]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.recipes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [recipe.name for recipe in RECIPES]
    parser.add_argument("--set", dest="sets", action="append", help="may be repeated")
    parser.add_argument("--recipe", dest="recipes", action="append", choices=names)
    parser.add_argument("--steps", type=int, default=8000, help="optimiser steps (8000)")
    parser.add_argument("--labels", type=int, help="training frames (all)")
    parser.add_argument("--seed", type=int, action="append", help="(1, 2 and 3)")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/accuracy/recipes"))
    given = parser.parse_args(arguments)
    chosen = [recipe for recipe in RECIPES if recipe.name in (given.recipes or names)]
    try:
        for text in given.sets or ["acetylacetone"]:
            frames = make_set(source_of(text), given.out / "sets", Sampling(), seed=1)
            for recipe in chosen:
                for seed in given.seed or [1, 2, 3]:
                    case = _of_labels(recipe, given.labels)
                    job = Job(case, frames, f"{given.steps} steps", seed)
                    print(f"{frames.name}: {job.name}", flush=True)
                    run_job(job, given.out, calls=1)
    except IpipError as error:
        print(f"recipes: {error}", file=sys.stderr)
        return error.exit_status
    results = results_of(given.out)  # with the rows of earlier calls
    show(results["rows"])
    (given.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {given.out}/results.json")
    return 0


def _of_labels(recipe: Case, labels: int | None) -> Case:
    if labels is None:
        return recipe
    settings = {**recipe.settings, "labels": labels}
    return dataclasses.replace(recipe, name=f"{recipe.name}, {labels} labels", settings=settings)


def show(rows: Rows) -> None:
    """Print a table for each set and number of steps: mean over seeds, and half of their range."""
    for name, budget in dict.fromkeys((row["set"], row["budget"]) for row in rows):
        own = [row for row in rows if (row["set"], row["budget"]) == (name, budget)]
        table = Table(title=f"{name}, {budget}: force MAE, meV/Å (± half of the range over seeds)")
        table.add_column("recipe")
        for column in ("seeds", "training, s", *own[0]["errors"]):
            table.add_column(column, justify="right")
        for recipe in dict.fromkeys(row["case"] for row in own):
            same = [row for row in own if row["case"] == recipe]
            seconds = sum(row["training_s"] for row in same) / len(same)
            errors = [_over_seeds(same, test) for test in own[0]["errors"]]
            table.add_row(recipe, str(len(same)), f"{seconds:.0f}", *errors)
        Console(width=120).print(table)


def _over_seeds(rows: Rows, test: str) -> str:
    errors = [row["errors"][test]["force_mae"] for row in rows]
    return f"{sum(errors) / len(errors):.1f} ± {(max(errors) - min(errors)) / 2:.1f}"


if __name__ == "__main__":
    sys.exit(main())
