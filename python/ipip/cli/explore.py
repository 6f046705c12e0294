"""`ipip explore`: frames to label, from the teacher's MD."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def explore(
    config: Annotated[
        Path, typer.Argument(help="Settings of the run (YAML); `reference` may be missing.")
    ],
    out: Annotated[Path, typer.Option("--out", help="File for the frames (.xyz).")],
    frames: Annotated[int, typer.Option("--frames", min=1, help="Frames to select.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Make frames to label: run the teacher's MD of every system, select diverse frames of it.

    The MD is stored in OUT.explore; the same command continues it, and with other --frames selects
    again. The frames have no labels: `ipip label` adds them.
    """
    import dataclasses
    import json
    import shlex

    from ipip.cli.progress import TerminalReporter
    from ipip.cli.stopping import stoppable
    from ipip.config.load import load_settings
    from ipip.config.run import UnlabelledSettings
    from ipip.pipeline.reporter import SilentReporter

    settings = load_settings(config, UnlabelledSettings)
    reporter = SilentReporter() if as_json else TerminalReporter()
    with stoppable(out):
        from ipip.exploration.explore import explore as explore_systems

        explored = explore_systems(settings, out, frames=frames, reporter=reporter)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(explored), indent=1, default=str))
        return
    for name, reason in explored.failed.items():
        typer.echo(f"run {name} failed and is excluded: {reason}", err=True)
    low, high = explored.temperatures
    kelvin = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    typer.echo(
        f"{explored.chosen} of {explored.candidates} frames selected, from {explored.used} of "
        f"{explored.trajectories} trajectories at {kelvin} K, by features of "
        f"{explored.features}: {out}"
    )
    if explored.chosen < frames:
        typer.echo(f"too few different frames to select {frames}; increase teacher_md.steps")
    labels = out.with_name(f"labels{out.suffix}")
    typer.echo(f"label them: ipip label LEVEL.yaml {shlex.quote(str(out))} --out {labels}")
