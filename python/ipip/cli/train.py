"""`ipip train`: train one student on labelled files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.config.train_run import TrainRunSettings
    from ipip.data.statistics import Statistics
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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the errors (or the plan) as JSON.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No plan and no progress bar.")] = False,
) -> None:
    """Train a student; the same command continues a training that was interrupted."""
    import json

    import torch

    from ipip.cli.error_table import print_errors
    from ipip.config.load import load_settings
    from ipip.config.train_run import TrainRunSettings
    from ipip.train.run import prepare, train_run

    torch.set_num_threads(1)
    settings = load_settings(config, TrainRunSettings)
    out = folder or settings.folder or config.resolve().parent / config.stem
    plan = prepare(settings, out)
    if dry_run and as_json:
        typer.echo(json.dumps(_plan_as_dict(plan), indent=1))
        return
    if not (quiet or as_json):
        _print_plan(settings, plan, out)
    if dry_run:
        return
    report = train_run(settings, plan, out, progress=not (quiet or as_json))
    if as_json:
        typer.echo(json.dumps(report.errors, indent=1))
        return
    result = report.result
    typer.echo(
        f"trained {result.steps} steps in {_duration(result.wall_s)}; best epoch "
        f"{result.best_epoch}; "
        f"student: {report.student_file}"
    )
    print_errors(report.errors, f"errors on {report.part} frames")


def _plan_as_dict(plan: TrainPlan) -> dict[str, object]:
    return {
        "elements": plan.student.symbols,
        "parts": {name: stats.as_dict() for name, stats in plan.statistics.items()},
        "steps": plan.steps,
        "expected_s": plan.steps * plan.seconds_per_step,
    }


def _print_plan(settings: TrainRunSettings, plan: TrainPlan, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(title="frames", title_justify="left")
    table.add_column("")
    for name in plan.statistics:
        table.add_column(name, justify="right")
    described = [_describe(s) for s in plan.statistics.values()]
    for quantity in described[0]:
        table.add_row(quantity, *(values[quantity] for values in described))
    console.print(table)
    student, training = plan.student, settings.training
    parameters = sum(p.numel() for p in student.parameters())
    start = f" from {settings.start_from}" if settings.start_from else ""
    console.print(
        f"student: {student.architecture}{start}, elements {' '.join(student.symbols)}, "
        f"{parameters} parameters, "
        f"cutoff {student.cutoff} Å, {student.dtype_name}"
    )
    expected = _duration(plan.steps * plan.seconds_per_step)
    console.print(
        f"training: at most {training.max_epochs} epochs, {plan.steps} steps of "
        f"{training.batch_size} frames, "
        f"{training.loss} loss, {training.optimizer}, {training.schedule} schedule; about "
        f"{expected} on one core"
    )
    console.print(f"folder: {folder}")


def _describe(s: Statistics) -> dict[str, str]:
    """Return what the plan says of one part, by quantity."""
    energy = s.energy_range
    return {
        "frames": str(s.frames),
        "atoms": ", ".join(f"{symbol} {n}" for symbol, n in s.elements.items()),
        "atoms in a frame": f"{s.smallest} to {s.largest}",
        "neighbours, mean (max)": f"{s.neighbours_mean:.1f} ({s.neighbours_max})",
        "closest pair (Å)": "-" if s.shortest is None else f"{s.shortest:.2f}",
        "energy (eV/atom)": "-" if energy is None else f"{energy[0]:.2f} to {energy[1]:.2f}",
        "|force| rms (max) (eV/Å)": "-"
        if s.force_rms is None
        else f"{s.force_rms:.2f} ({s.force_max:.1f})",
        "frames with stress": str(s.stresses),
        "kinds": ", ".join(f"{kind} {n}" for kind, n in s.config_types.items()),
    }


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
