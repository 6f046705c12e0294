"""`ipip info`: describe a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def info(
    model: Annotated[Path, typer.Argument(help="Model file (.pt).")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole metadata block as JSON.")
    ] = False,
) -> None:
    """Print what a model file holds, after checking every field and the digest of its weights."""
    from rich.console import Console
    from rich.table import Table

    from ipip.export import check_file, parameters_of
    from ipip.lammps.deck import student_pair

    metadata = check_file(model)
    if as_json:
        typer.echo(metadata.to_json())
        return
    parameters = parameters_of(model)
    arguments = ", ".join(f"{name} {value}" for name, value in metadata.arguments.items())
    energies = ", ".join(f"{s} {e:.4f} eV" for s, e in metadata.reference_energies.items())
    rows = {
        "student": f"{metadata.architecture}, {parameters} parameters, {metadata.dtype}",
        "elements": " ".join(metadata.symbols),
        "cutoff": f"{metadata.cutoff} Å, {metadata.layers} message layers",
        "arguments": arguments,
        "reference energies": energies,
        "weights": metadata.weights_digest,
        "training set": metadata.training_digest or "not recorded",
        "errors to expect": _expected(model),
        "written by": ", ".join(f"{name} {v}" for name, v in metadata.versions.items()),
        "cite": metadata.citation,
        "in LAMMPS": f"{student_pair(model, metadata.symbols).lines[0]}\n"
        f"pair_coeff * * {model} {' '.join(metadata.symbols)}",
    }
    table = Table(title=str(model), show_header=False, title_justify="left")
    for name, value in rows.items():
        table.add_row(name, value)
    Console(highlight=False, markup=False).print(table)


def _expected(model: Path) -> str:
    """Describe the errors that the file predicts."""
    from ipip.uncertainty import read_uncertainty

    recorded = read_uncertainty(model)
    if recorded is None:
        return f"not recorded; add them with `ipip uncertainty {model} FRAMES`"
    on, map_ = recorded.fitted_on, recorded.calibration
    return (
        f"{on['validation_force_error_ev_per_a']:.3f} eV/Å on average, the norm of a force's error "
        f"on {on['validation_frames']} validation frames ({on['validation_atoms']} atoms); "
        f"{map_.quantile:.0%} of them below {map_.factor:.2f} times the expected error; distances "
        f"to {int(recorded.density.atoms.sum())} training atoms"
    )
