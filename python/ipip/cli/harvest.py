"""`ipip harvest`: training frames from a user's own dumps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def harvest(
    dumps: Annotated[
        list[Path],
        typer.Argument(help="LAMMPS dumps (.gz, .zst, patterns with '*') or folders with runs."),
    ],
    student: Annotated[Path, typer.Option(help="Student file (.pt) that made the dumps.")],
    config: Annotated[
        Path | None, typer.Option(help="Settings (YAML) with the teacher; see docs/harvest.md.")
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option(help="Earlier frames (extended XYZ), not to be duplicated; repeatable."),
    ] = None,
    symbols: Annotated[
        str | None, typer.Option(help="Element of each LAMMPS type, such as Mo,S,O.")
    ] = None,
    timestep: Annotated[
        float | None, typer.Option(help="Time step of the MD in fs [as the dumps state, else 1].")
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(
            help="LAMMPS' units of the dumps: metal, real, ... [as they state, else metal]"
        ),
    ] = None,
    whole: Annotated[
        bool | None,
        typer.Option("--whole", help="The dumps are complete: a last frame needs no line feed."),
    ] = None,
    frames: Annotated[int | None, typer.Option(help="Most frames to select [20].")] = None,
    failed: Annotated[
        bool | None,
        typer.Option("--failed", help="The runs failed right after their dumps' last frames."),
    ] = None,
    biased: Annotated[
        bool | None,
        typer.Option("--biased", help="The runs had `pair_style ipip bias`: marks their frames."),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--dir", help="Output folder; a later call adds to it.")
    ] = Path("harvest"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Select training frames from a student's MD, those before a failure first."""
    import contextlib
    from collections.abc import Callable

    from ipip.cli.progress import TerminalReporter
    from ipip.cli.threads import one_thread
    from ipip.config.harvest_run import HarvestRunSettings
    from ipip.config.load import load_settings
    from ipip.config.options import with_options
    from ipip.harvest.from_dumps import SUMMARY_FILE, harvest_dumps

    one_thread()
    settings = HarvestRunSettings() if config is None else load_settings(config, HarvestRunSettings)
    options: dict[str, object] = {"timestep": timestep, "units": units, "whole": whole}
    options |= {"failed": failed, "known": known, "biased": biased}
    settings = with_options(settings, {k: v for k, v in options.items() if v is not None})
    if frames is not None:
        chosen = with_options(settings.harvest, {"frames": frames})
        settings = settings.model_copy(update={"harvest": chosen})
    names = None if symbols is None else symbols.replace(",", " ").split()
    total = settings.harvest.candidates
    silent: Callable[[int], None] = lambda steps: None  # noqa: E731
    bar = TerminalReporter().tasks("teacher labels", total)
    with contextlib.nullcontext(silent) if quiet or as_json else bar as advance:
        report = harvest_dumps(
            dumps, student, settings, folder, names, lambda done, total: advance(1)
        )
    if as_json:
        typer.echo((folder / SUMMARY_FILE).read_text(encoding="utf-8").rstrip())
        return
    unstable = sum(run.state == "unstable" for run in report.runs)
    stored = sum(len(run.steps) for run in report.runs)
    labelled = f", {report.labelled} labelled by the teacher" if settings.teacher else ""
    typer.echo(
        f"new frames: {len(report.new)}; runs: {len(report.runs)} ({unstable} unstable, "
        f"{stored} stored frames{labelled})"
    )
    if settings.teacher is None:
        typer.echo("no teacher (--config): frames are selected for diversity and have no labels")
    for run in report.runs:
        if run.name in report.problems:
            typer.echo(f"  {run.name}: failed at step {run.end_step}: {report.problems[run.name]}")
    if report.frames:
        typer.echo(f"all {report.frames} frames so far: {folder / 'frames.xyz'}")
    typer.echo(f"why each stored frame was selected or not: {folder / 'harvest.csv'}")
