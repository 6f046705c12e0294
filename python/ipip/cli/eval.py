"""`ipip eval`: errors of a student on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[Path, typer.Argument(help="Student file (.pt).")],
    data: Annotated[Path, typer.Argument(help="Labelled frames: extended XYZ or ASE database.")],
    energy_key: Annotated[str, typer.Option(help="Key of the energies (eV).")] = "energy",
    forces_key: Annotated[str, typer.Option(help="Key of the forces (eV/Å).")] = "forces",
    stress_key: Annotated[
        str | None,
        typer.Option(help="Key of the stress (eV/Å^3), of frames that have one."),
    ] = None,
    virial_key: Annotated[
        str | None,
        typer.Option(help="Key of virials (eV, minus volume times stress), instead of stresses."),
    ] = None,
    config_type_key: Annotated[
        str, typer.Option(help="Key of a frame's config type.")
    ] = "config_type",
    units: Annotated[
        str | None,
        typer.Option(help="Energy unit of the file: eV, kcal/mol or hartree [as the file states]."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for errors.csv, metrics.json, predicted.xyz, parity.png and parity.html.",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Device that evaluates the student: cpu, cuda, cuda:N or emulate.")
    ] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print the errors as JSON.")] = False,
) -> None:
    """Compare a student with labelled frames: a table, and with --out a CSV and a parity plot."""
    import json

    from ipip.cli.error_table import print_errors
    from ipip.cli.label_keys import label_keys
    from ipip.cli.reliability_table import print_reliability
    from ipip.cli.threads import one_thread
    from ipip.evaluation.evaluate_file import evaluate_file
    from ipip.uncertainty import Reliability

    one_thread()
    keys = label_keys(energy_key, forces_key, stress_key, virial_key, config_type_key, units=units)
    errors = evaluate_file(model, data, keys, out, device)
    if as_json:
        typer.echo(json.dumps(errors, indent=1))
        return
    print_errors(errors, f"{model} on {data}")
    if "uncertainty" in errors:
        print_reliability(Reliability(**errors["uncertainty"]), "expected against observed errors")
    if out is not None:
        typer.echo(
            f"wrote errors.csv, metrics.json, predicted.xyz, parity.png and parity.html to {out}"
        )
