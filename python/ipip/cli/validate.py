"""`ipip validate`: check a settings file and print the plan, without running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def validate(
    config: Annotated[Path, typer.Argument(help="Settings file (YAML).")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Run folder, whose free disk space is checked.")
    ] = None,
    without_teacher: Annotated[
        bool,
        typer.Option(
            "--without-teacher",
            help="Do not load or time the teacher, whose weights may be on another machine.",
        ),
    ] = False,
    without_cluster: Annotated[
        bool,
        typer.Option(
            "--without-cluster",
            help="Do not look for the scheduler's commands and for folders that nodes see: the run"
            " will be started on another machine.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Check a settings file and every file it names; print the plan with its expected cost.

    Without labels yet, it checks what `ipip explore` needs.
    """
    import json

    from ipip.cli.progress import status_line
    from ipip.config.load import load_settings
    from ipip.config.run import RunSettings, UnlabelledSettings
    from ipip.errors import InputError
    from ipip.execution.check import check_execution
    from ipip.exploration.explore import check_exploration
    from ipip.loop.checks import TeacherCheck, check_inputs, check_teacher, missing_labels
    from ipip.loop.plan import make_plan, plan_exploration
    from ipip.storage.disk_space import require_space

    def timed_teacher(settings: UnlabelledSettings) -> TeacherCheck | None:
        if without_teacher:
            return None
        kind = settings.teacher.kind
        with status_line(f"loading the teacher ({kind}) and timing it", shown=not as_json):
            return check_teacher(settings)

    unlabelled = load_settings(config, UnlabelledSettings)
    reference = unlabelled.reference
    missing = None if reference is None else missing_labels(reference)
    if reference is None or missing is not None:
        starts = check_exploration(unlabelled)
        teacher = timed_teacher(unlabelled)
        exploration = plan_exploration(unlabelled, [len(start.frame) for start in starts], teacher)
        if missing is None:
            missing = "`ipip run` needs labels under `reference`: see docs/own-system.md"
        if as_json:
            typer.echo(json.dumps({"exploration": exploration, "missing": missing}, indent=2))
        else:
            typer.echo(f"`ipip explore` can start: {exploration}")
        if reference is not None:
            raise InputError(f"{config}: {missing}")
        if not as_json:
            typer.echo(missing)
        return
    settings = load_settings(config, RunSettings)
    if not without_cluster:
        check_execution(settings.execution, folder or Path(f"{config.stem}-run"))
    inputs = check_inputs(settings)
    teacher = timed_teacher(settings)
    plan = make_plan(settings, inputs, teacher)
    require_space(folder or Path.cwd(), plan.disk_bytes, "the run")
    if as_json:
        typer.echo(json.dumps(plan.as_dict(), indent=2))
        return
    from ipip.cli.tables import print_plan

    print_plan(plan)
