"""`ipip sample`: walk over the minima of a cluster, and draw from them by Boltzmann weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def sample(
    level: Annotated[
        Path, typer.Argument(help="Settings (YAML) of the potential to walk on: kind, model, ...")
    ],
    start: Annotated[
        str, typer.Argument(help="Structure file, or a molecule's name such as Mo3O9.")
    ],
    out: Annotated[Path, typer.Option("--out", help="File for the drawn frames (.xyz).")],
    steps: Annotated[int, typer.Option(min=1, help="Attempts to leave a minimum.")] = 50,
    frames: Annotated[int, typer.Option(min=1, help="Frames to draw.")] = 100,
    temperature: Annotated[
        float,
        typer.Option(min=1.0, help="K; temperature of the draw and of the acceptance of minima."),
    ] = 3000.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of walk and draw.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Sample structures of a cluster as in arXiv 2507.20118: SSW walk, Boltzmann draw."""
    import dataclasses
    import json

    from ipip.cli.progress import TerminalReporter
    from ipip.config.load import load_settings
    from ipip.config.teacher import TeacherSettings
    from ipip.exploration.sampling import sample_cluster
    from ipip.pipeline.reporter import SilentReporter

    settings = load_settings(level, TeacherSettings)
    reporter = SilentReporter() if as_json else TerminalReporter()
    shown = 0
    with reporter.tasks("walk steps", steps) as advance:

        def progress(done: int, _total: int) -> None:
            nonlocal shown
            advance(done - shown)
            shown = done

        sampled = sample_cluster(
            settings,
            start,
            out,
            steps=steps,
            frames=frames,
            temperature=temperature,
            seed=seed,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(sampled), indent=1))
        return
    typer.echo(
        f"{sampled.drawn} of {sampled.visited} visited structures drawn at {temperature:g} K: {out}"
    )
    typer.echo(
        f"{sampled.accepted} of {steps} steps accepted, {sampled.broken} discarded (the cluster "
        f"broke); lowest minimum {sampled.lowest_energy_ev:.4f} eV"
    )
