"""`ipip doctor`: check this installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MARKS = {"good": "ok", "note": "note", "fault": "FAULT"}
STYLES = {"good": "green", "note": "yellow", "fault": "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
) -> None:
    """Check versions, libraries, LAMMPS, MPI, processor, GPUs, teachers and disk.

    Each line states a finding and, where something is wrong, a remedy. A short LAMMPS deck runs
    on one rank and on two. The exit status is 1 if a line says FAULT.
    """
    import dataclasses
    import json

    from rich.console import Console
    from rich.text import Text

    from ipip.counts import counted
    from ipip.doctor import examine

    console = Console(highlight=False, markup=False)
    findings = []
    for finding in examine(Path.cwd()):
        findings.append(finding)
        if as_json:
            continue
        line = Text.assemble(
            (f"{MARKS[finding.state]:>5}  ", STYLES[finding.state]),
            (f"{finding.name}: ", "bold"),
            finding.value,
        )
        if finding.remedy:
            line.append(f"\n       -> {finding.remedy}")
        console.print(line, soft_wrap=True)
    faults = [finding for finding in findings if finding.state == "fault"]
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        verdict = (
            "This installation works."
            if not faults
            else f"{counted(len(faults), 'fault')}: see the lines with FAULT."
        )
        console.print(verdict, style="bold")
    if faults:
        raise typer.Exit(1)
