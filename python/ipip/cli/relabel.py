"""`ipip relabel`: label frames with a student or a committee of students."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def relabel(
    source: Annotated[Path, typer.Argument(help="Frames: extended XYZ or ASE database.")],
    target: Annotated[Path, typer.Argument(help="File to write.")],
    student: Annotated[
        list[Path],
        typer.Option(help="Student file (.pt); repeat it for the mean of a committee."),
    ],
    average: Annotated[
        bool,
        typer.Option("--average", help="Label with the mean of the students' weights instead."),
    ] = False,
    energy_key: Annotated[str, typer.Option(help="Key of the old energies (eV).")] = "energy",
    forces_key: Annotated[str, typer.Option(help="Key of the old forces (eV/Å).")] = "forces",
    device: Annotated[
        str, typer.Option(help="Device of the students: cpu, cuda, cuda:N or emulate.")
    ] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Write frames with a student's energies, forces and stresses; report how far labels moved."""
    import dataclasses
    import json

    import torch

    from ipip.cli.error_table import print_errors
    from ipip.cli.progress import TerminalReporter
    from ipip.config.data import DataKeys
    from ipip.evaluation.metrics import Metrics
    from ipip.loop.steps import relabel_file
    from ipip.pipeline.reporter import SilentReporter

    torch.set_num_threads(1)
    relabelled = relabel_file(
        student,
        source,
        target,
        average=average,
        keys=DataKeys(energy=energy_key, forces=forces_key),
        device=device,
        reporter=SilentReporter() if as_json else TerminalReporter(),
    )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(relabelled), indent=1))
        return
    typer.echo(f"wrote {relabelled.frames} frames to {target}")
    if len(student) > 1 and not average:
        mean = sum(relabelled.spread) / max(1, len(relabelled.spread))
        typer.echo(f"the committee's forces spread by {mean:.3f} eV/Å on average")
    if relabelled.change is not None:
        print_errors(Metrics(**relabelled.change), "change of the labels")  # type: ignore[typeddict-item]
