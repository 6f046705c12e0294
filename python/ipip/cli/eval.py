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
        typer.Option(help="Key of the stress (eV/Å^3); read where a frame has it."),
    ] = None,
    virial_key: Annotated[
        str | None, typer.Option(help="Key of virials (eV, minus volume times stress) instead.")
    ] = None,
    config_type_key: Annotated[
        str, typer.Option(help="Key of the kind of a frame.")
    ] = "config_type",
    units: Annotated[
        str, typer.Option(help="Energy unit of the file: eV, kcal/mol or hartree.")
    ] = "eV",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for errors.csv, metrics.json, predicted.xyz, parity.png and parity.html.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the errors as JSON.")] = False,
) -> None:
    """Compare a student with labelled frames: a table, and with --out a CSV and a parity plot."""
    import json

    import torch

    from ipip.cli.error_table import print_errors
    from ipip.cli.label_keys import label_keys
    from ipip.data import read_frames, write_frames
    from ipip.data.atomic import write_text
    from ipip.data.elements import check_elements
    from ipip.errors import InputError
    from ipip.export import read_metadata
    from ipip.train.checkpoints import disk_full_explained
    from ipip.train.interactive import write_page
    from ipip.train.metrics import metrics
    from ipip.train.parity import plot_parity, write_frame_errors
    from ipip.train.predict_file import predict_file

    torch.set_num_threads(1)
    metadata = read_metadata(model)
    keys = label_keys(energy_key, forces_key, stress_key, virial_key, config_type_key, units=units)
    reference = read_frames(data, keys)
    check_elements(reference, metadata.symbols, str(data))
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; expected a folder for the output")
    predicted = predict_file(model, reference)
    errors = metrics(reference, predicted)
    if as_json:
        typer.echo(json.dumps(errors, indent=1))
    else:
        print_errors(errors, f"{model} on {data}")
    if out is None:
        return
    with disk_full_explained(out):
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "metrics.json", json.dumps(errors, indent=1) + "\n")
        write_frame_errors(reference, predicted, out / "errors.csv")
        write_frames(out / "predicted.xyz", predicted)
        title, energies = f"{model.name} on {data.name}", metadata.reference_energies
        plot_parity(
            reference, predicted, out / "parity.png", title=title, reference_energies=energies
        )
        write_page(
            out / "parity.html", reference, predicted, title=title, reference_energies=energies
        )
    if not as_json:
        typer.echo(
            f"wrote errors.csv, metrics.json, predicted.xyz, parity.png and parity.html to {out}"
        )
