"""`ipip train`: train one student on labelled files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.config.train_run import TrainRunSettings
    from ipip.train.plan import TrainPlan


def train(
    config: Annotated[Path, typer.Argument(help="Settings file (YAML); see docs/training.md.")],
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Output folder; by default named after the settings file."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything and print the plan, without training."),
    ] = False,
    find_lr: Annotated[
        bool,
        typer.Option(
            "--find-lr",
            help="Compare learning rates by trainings of 200 steps, suggest one, and stop; writes "
            "only learning_rate.html in the output folder.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the errors (or the plan, or the rate) as JSON.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No plan and no progress bar.")] = False,
) -> None:
    """Train a student; the same command continues a training that was interrupted.

    Started by torchrun, several processes share each batch.
    """
    import json

    import torch

    from ipip.cli.durations import rough_duration
    from ipip.cli.error_table import print_errors
    from ipip.cli.train_plan import print_plan
    from ipip.config.load import load_settings
    from ipip.config.train_run import TrainRunSettings
    from ipip.counts import counted
    from ipip.train.processes import is_first
    from ipip.train.run import prepare, train_run

    torch.set_num_threads(1)
    settings = load_settings(config, TrainRunSettings)
    out = folder or settings.folder or config.resolve().parent / config.stem
    with _processes(settings.training.accelerator):
        plan = prepare(settings, out)
        if dry_run and as_json:
            typer.echo(json.dumps(plan.as_dict(), indent=1))
            return
        if is_first() and not (quiet or as_json):
            print_plan(settings, plan, out)
        if dry_run:
            return
        if find_lr:
            _find_rate(settings, plan, out, as_json)
            return
        report = train_run(settings, plan, out, progress=not (quiet or as_json))
    if report is None:
        return
    if as_json:
        typer.echo(json.dumps(report.errors, indent=1))
        return
    result = report.result
    typer.echo(
        f"trained {counted(result.steps, 'step')} in {rough_duration(result.wall_s)}; best epoch "
        f"{result.best_epoch + 1}; student: {report.student_file}"
    )
    print_errors(report.errors, f"errors on {report.part} frames")
    typer.echo(f"curves and parity: {out / 'training.html'}")


def _started_by_torchrun() -> bool:
    """Return whether this is one of several processes that share a training.

    A scheduler's variables (SLURM_*, PMI_*, OMPI_*, LSB_*) do not count.

    Raises:
        InputError: some of torchrun's variables are set to several processes, and some are missing.
    """
    from ipip.errors import InputError
    from ipip.launchers import TORCHRUN_PLACE

    size = os.environ.get("WORLD_SIZE", "1")
    if not size.isdigit():
        raise InputError(
            f"the environment variable WORLD_SIZE is {size!r}; expected a number of processes: "
            "start several with torchrun, or unset it to train in one process"
        )
    if int(size) <= 1:
        return False
    missing = [name for name in TORCHRUN_PLACE if name not in os.environ]
    if missing:
        raise InputError(
            f"the environment variable WORLD_SIZE is {size}, but {', '.join(missing)} are not set, "
            "although torchrun sets them; start several processes with torchrun, or unset "
            "WORLD_SIZE to train in one process"
        )
    return True


@contextmanager
def _processes(accelerator: str) -> Iterator[None]:
    """Join the other processes where torchrun started several."""
    from ipip.bound import end_with_parent
    from ipip.errors import InputError
    from ipip.train import processes
    from ipip.train.fitting.termination import TerminatedError

    if not _started_by_torchrun():
        yield
        return
    if "TORCHELASTIC_RUN_ID" in os.environ:  # else workers outlive torchrun, waiting
        end_with_parent()
    processes.join(accelerator, int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    try:
        yield
    except (InputError, TerminatedError) as error:
        if processes.is_first():  # all raise the same error
            raise
        raise typer.Exit(error.exit_status) from None
    finally:
        processes.leave()


def _find_rate(settings: TrainRunSettings, plan: TrainPlan, folder: Path, as_json: bool) -> None:
    import dataclasses
    import json

    from ipip.errors import InputError
    from ipip.train.fitting.rate_finder import find_rate, write_rate_page
    from ipip.train.processes import count

    if count() > 1:
        raise InputError("--find-lr runs in one process; call it without torchrun")
    rates = find_rate(plan.student, plan.train, plan.valid, settings.training, seed=settings.seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_rate_page(rates, folder / "learning_rate.html")
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(rates), indent=1))
        return
    end = "" if rates.diverged_at is None else f"; trainings diverged at {rates.diverged_at:.2g}"
    typer.echo(
        f"suggested learning rate: {rates.suggestion:.2g} "
        f"(training.learning_rate is {settings.training.learning_rate:g}){end}; the curve is in "
        f"{folder / 'learning_rate.html'}"
    )
