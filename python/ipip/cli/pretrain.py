"""`ipip pretrain`, `ipip finetune`: the two trainings of a round, outside a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.loop.steps import Trained

Config = Annotated[Path, typer.Argument(help="Settings file of `ipip run` (YAML).")]
Folder = Annotated[Path, typer.Option("--dir", help="Output folder: student.pt and training/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the errors as JSON.")]


def pretrain(
    config: Config,
    frames: Annotated[
        list[Path], typer.Argument(help="Labelled frames, such as `ipip ledger --frames` writes.")
    ],
    folder: Folder,
    energy_key: Annotated[str, typer.Option(help="Key of the energies (eV).")] = "energy",
    forces_key: Annotated[str, typer.Option(help="Key of the forces (eV/Å).")] = "forces",
    as_json: AsJson = False,
) -> None:
    """Train a new student on labelled frames, with the `pretrain` block of a run's settings."""
    from ipip.config.data import DataFile, DataKeys
    from ipip.config.load import load_settings
    from ipip.config.run import RunSettings
    from ipip.loop.steps import pretrain_student

    settings = load_settings(config, RunSettings)
    keys = DataKeys(energy=energy_key, forces=forces_key)
    files = [DataFile(path=path.absolute(), keys=keys) for path in frames]
    _report(pretrain_student(settings, files, folder, progress=not as_json), as_json)


def finetune(
    config: Config,
    student: Annotated[Path, typer.Argument(help="Student file (.pt) to start from.")],
    folder: Folder,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a student on the `reference` of a run's settings, with its `finetune` block."""
    from ipip.config.load import load_settings
    from ipip.config.run import RunSettings
    from ipip.loop.steps import finetune_student

    settings = load_settings(config, RunSettings)
    _report(finetune_student(settings, student, folder, progress=not as_json), as_json)


def _report(trained: Trained, as_json: bool) -> None:
    import json

    from ipip.cli.error_table import print_errors
    from ipip.evaluation.metrics import Metrics

    if as_json:
        typer.echo(json.dumps(trained.errors, indent=1))
        return
    typer.echo(f"trained {trained.steps} steps; student: {trained.student}")
    print_errors(Metrics(**trained.errors), f"errors on {trained.part} frames")  # type: ignore[typeddict-item]
