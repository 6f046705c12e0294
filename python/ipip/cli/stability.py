"""`ipip stability`: measure how often, and when, the MD of students fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.config.stability import StabilityProtocol
    from ipip.stability import ModelStability


def stability(
    models: Annotated[list[Path], typer.Argument(help="Student files (.pt), side by side.")],
    config: Annotated[
        Path | None, typer.Option(help="Protocol (YAML); see docs/stability.md.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Structure file in which the runs start.")
    ] = None,
    runs: Annotated[int | None, typer.Option(help="Runs of each model [100].")] = None,
    steps: Annotated[int | None, typer.Option(help="MD steps of each run [50000].")] = None,
    temperature: Annotated[float | None, typer.Option(help="K [2500].")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of boxes, velocities and noise [1].")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="LAMMPS runs at a time, one core each [all cores].")
    ] = None,
    launcher: Annotated[
        str, typer.Option(help="Command that starts MPI ranks to run on, such as 'mpirun -n 17'.")
    ] = "",
    folder: Annotated[
        Path,
        typer.Option("--dir", help="Folder for runs and results; an unfinished one is continued."),
    ] = Path("stability"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Run a stability protocol; the same command continues one that was interrupted."""
    import json

    from rich.console import Console

    from ipip.cli.step_progress import step_progress
    from ipip.cli.stopping import stoppable
    from ipip.cores import usable_cores
    from ipip.errors import InputError, IpipError
    from ipip.stability import run_stability

    protocol = _protocol(
        config, start, {"runs": runs, "seed": seed}, {"steps": steps, "temperature": temperature}
    )
    if workers is not None and workers < 1:
        raise InputError(f"--workers {workers}: expected at least 1")
    at_once = workers or usable_cores()
    console = Console(highlight=False, markup=False)
    bar = step_progress(len(models) * protocol.runs, shown=not (quiet or as_json))
    with stoppable(folder), bar as shown:
        report = run_stability(
            models, protocol, folder, at_once, shown.steps, shown.result, launcher.split()
        )
    if as_json:
        typer.echo(json.dumps(report.summary, indent=1))
    else:
        console.print(report.verdict, style="bold")
        for concern in report.summary["concerns"]:
            console.print(f"Warning: {concern}.")
        console.print(_table(report.models, protocol.md.timestep))
        typer.echo(f"results: {folder} (runs.csv, survival.csv, summary.json, stability.png)")
    broken = sum(model.broken for model in report.models)
    if broken:
        raise IpipError(
            f"{broken} {'runs' if broken > 1 else 'run'} broke for reasons unrelated to "
            "the models, and do not count; "
            f"{folder / 'runs.csv'} names them; run the same command again to repeat them"
        )


def _protocol(
    config: Path | None,
    start: Path | None,
    given: dict[str, int | None],
    md: dict[str, int | float | None],
) -> StabilityProtocol:
    from ipip.config.load import load_settings
    from ipip.config.options import with_options
    from ipip.config.stability import StabilityProtocol
    from ipip.config.systems import SystemSettings
    from ipip.errors import InputError

    if config is not None:
        protocol = load_settings(config, StabilityProtocol)
    elif start is not None:
        protocol = StabilityProtocol(system=SystemSettings(file=start.absolute()))
    else:
        raise InputError(
            "give a protocol (--config protocol.yaml) or a structure in which the runs start "
            "(--start box.xyz)"
        )
    if config is not None and start is not None:
        protocol = protocol.model_copy(update={"system": SystemSettings(file=start.absolute())})
    own = {name: value for name, value in given.items() if value is not None}
    dynamics = {name: value for name, value in md.items() if value is not None}
    changed = with_options(protocol, own)
    return changed.model_copy(update={"md": with_options(protocol.md, dynamics)})


def _table(models: list[ModelStability], timestep: float) -> object:
    from rich.table import Table

    from ipip.pages.numbers import format_number

    table = Table()
    table.add_column("model", overflow="fold")
    headers = ("failed", "% (95 %)", "causes", "median ps", "µs/atom/step")
    for header in headers:
        table.add_column(header, justify="right")
    for model in models:
        low, high = (100 * bound for bound in model.wilson95)
        median, cost = model.median_failure_step, model.us_per_atom_step
        rate = "-" if model.rate is None else f"{100 * model.rate:.1f} ({low:.1f}-{high:.1f})"
        table.add_row(
            model.name,
            f"{model.failed} of {model.total}",
            rate,
            ", ".join(f"{n} {cause}" for cause, n in model.causes.items()) or "-",
            "-" if median is None else format_number(median * timestep / 1000),
            "-" if cost is None else f"{cost:.1f}",
        )
    return table
