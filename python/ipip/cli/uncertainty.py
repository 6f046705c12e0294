"""`ipip uncertainty`: add expected errors to a finished student."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def uncertainty(
    model: Annotated[Path, typer.Argument(help="Student file (.pt).")],
    frames: Annotated[
        Path, typer.Argument(help="Labelled frames that the student was not trained on.")
    ],
    training: Annotated[
        Path | None,
        typer.Option(
            "--training",
            help="Frames that it was trained on [those recorded in its file, else half of FRAMES].",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write instead of the student's own.")
    ] = None,
    forces_key: Annotated[str, typer.Option(help="Key of the forces (eV/Å).")] = "forces",
    energy_key: Annotated[str, typer.Option(help="Key of the energies (eV).")] = "energy",
    units: Annotated[
        str | None, typer.Option(help="Energy unit of the file: eV, kcal/mol or hartree.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Key of the trajectory, whose frames stay together.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the check as JSON.")] = False,
) -> None:
    """Fit the expected error of forces, check it on held-out frames, add it to the student."""
    import json

    from ipip.cli.label_keys import label_keys
    from ipip.cli.reliability_table import print_reliability
    from ipip.cli.threads import one_thread
    from ipip.data.files import read_frames
    from ipip.evaluation.checked_uncertainty import add_checked_uncertainty

    one_thread()
    keys = label_keys(energy_key, forces_key, None, None, "config_type", units=units)
    keys = keys.model_copy(update={"group": group})
    trained_on = None if training is None else read_frames(training, keys)
    checked = add_checked_uncertainty(
        model, read_frames(frames, keys), trained_on, group=group, target=out
    )
    if as_json:
        typer.echo(json.dumps(checked.as_dict(), indent=1))
        return
    print_reliability(
        checked.check, f"{model} on {frames}: fitted on one half, checked on the other, in turns"
    )
    typer.echo(f"{checked.how}; wrote the expected errors to {out or model}")
