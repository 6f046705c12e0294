"""`ipip label`: label frames at a level of theory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def label(
    level: Annotated[
        Path,
        typer.Argument(help="Settings of the level (YAML): kind, model, workers, ...; see docs."),
    ],
    frames: Annotated[Path, typer.Argument(help="Frames: extended XYZ or ASE database.")],
    out: Annotated[Path, typer.Option("--out", help="File for the labelled frames (.xyz).")],
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Frames at a time [as in LEVEL].")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Retry frames that were dropped before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Label frames with CP2K, tblite, a teacher or any ASE calculator; the same command resumes.

    Writes OUT, and OUT.dropped.csv, which lists the frames without labels (not converged, ...)
    and why. OUT.labels.jsonl stores every label as soon as it is computed.
    """
    import json

    from ipip.cli.progress import TerminalReporter
    from ipip.cli.stopping import stoppable
    from ipip.config.load import load_settings
    from ipip.config.teacher import TeacherSettings
    from ipip.data import read_frames
    from ipip.pipeline.reporter import SilentReporter
    from ipip.teachers.label_file import label_file

    settings = load_settings(level, TeacherSettings)
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    shown = 0
    total = len(read_frames(frames, require=()))
    reporter = SilentReporter() if as_json else TerminalReporter()
    with stoppable(out), reporter.tasks("frames", total) as advance:

        def progress(done: int, _total: int) -> None:
            nonlocal shown
            advance(done - shown)
            shown = done

        report = label_file(settings, frames, out, progress=progress, retry=retry)
    if as_json:
        typer.echo(json.dumps(report, indent=1))
        return
    typer.echo(f"{report['labelled']} of {report['frames']} frames labelled: {out}")
    if report["dropped"]:
        typer.echo(f"{len(report['dropped'])} dropped, listed in {report['dropped_file']}:")
        for entry in report["dropped"][:10]:
            typer.echo(f"  frame {entry['frame']} ({entry['formula']}): {entry['reason']}")
