"""Options and exit statuses shared by the commands of all recipes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipip.cli.plain_text import plain_output
from ipip.cli.progress import TerminalReporter
from ipip.config.load import load_settings
from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError, IpipError
from ipip.recipes.labels import train_on_labels
from ipip.recipes.molecule import Recipe
from ipip.recipes.rounds import run_rounds
from ipip.recipes.table import print_report


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every recipe."""
    parser.add_argument("--dir", type=Path, required=True, help="output folder", dest="folder")
    parser.add_argument("--seed", type=int, default=1, help="seed of all random choices (1)")
    parser.add_argument(
        "--test", type=int, metavar="N", help="test frames; default: see the recipe's README"
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="FILE",
        help="settings (YAML) of a teacher: run the loop instead of training on the labels alone",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a tiny student, a few frames: a check that all runs",
    )


def run_recipe(recipe: Recipe, options: argparse.Namespace) -> dict[str, Any]:
    """Train on the labels, or run the loop if a teacher is given; print and return the report.

    Args:
        recipe: molecule, data, hyper-parameters.
        options: of `add_options`.

    Raises:
        InputError, IpipError: as `train_on_labels` and `run_rounds`.
    """
    if options.seed < 0:
        raise InputError(f"--seed is {options.seed}; expected 0 or more")
    if options.teacher is None:
        report = train_on_labels(recipe, options.folder, seed=options.seed)
    else:
        teacher = load_settings(options.teacher, TeacherSettings)
        report = run_rounds(
            recipe, teacher, options.folder, seed=options.seed, reporter=TerminalReporter()
        )
    print_report(report)
    return report


def end(command: Callable[[], object]) -> int:
    """Run a command; return its exit status: 0, or 2 or 1 after one line with the error."""
    with plain_output():
        try:
            command()
        except IpipError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_status
    return 0
