"""`ipip submit`: run the driver as a job, for sites without long-lived login processes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def submit(
    config: Annotated[Path, typer.Argument(help="Settings file of `ipip run` (YAML).")],
    folder: Annotated[
        Path | None,
        typer.Option("--dir", help="Run folder; by default named after the settings file."),
    ] = None,
    resource: Annotated[
        str | None,
        typer.Option(
            help="Name of the resource (execution.resources) whose queue, account, walltime and "
            "environment the driver's job gets; by default the first one."
        ),
    ] = None,
    most_jobs: Annotated[
        int, typer.Option(help="Most jobs in a row, each of the resource's walltime.", min=1)
    ] = 100,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the job script and submit nothing.")
    ] = False,
) -> None:
    """Run the loop from a chain of jobs, each submitted by the one before, until the run ends."""
    from ipip.config.load import load_settings
    from ipip.config.run import RunSettings
    from ipip.errors import InputError
    from ipip.execution.check import check_execution
    from ipip.execution.submit import driver_command, driver_script, submit_driver

    settings = load_settings(config, RunSettings)
    resources = settings.execution.resources
    name = resource or next(iter(resources), None)
    if name is None or name not in resources:
        names = ", ".join(resources) or "none"
        raise InputError(
            f"{config}: the driver's job needs a resource; expected one of execution.resources "
            f"({names}), and --resource gives {name!r}"
        )
    run = folder or Path(f"{config.stem}-run")
    script = driver_script(resources[name], run, driver_command(config, run), most_jobs)
    if dry_run:
        typer.echo(script)
        return
    check_execution(settings.execution, run)
    job = submit_driver(resources[name], run, script)
    typer.echo(f"job {job} drives {run}; `ipip status {run}` prints its progress")
