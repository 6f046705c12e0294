"""`ipip convert`: labelled frames from one kind of file to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.data import Frame


def convert(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files to read (.xyz, .extxyz, .db, .npz, .lmdb), then the file to write "
            "(.lmdb: a store that is read frame by frame)."
        ),
    ],
    energy_key: Annotated[str, typer.Option(help="Key of the energies (eV).")] = "energy",
    forces_key: Annotated[str, typer.Option(help="Key of the forces (eV/Å).")] = "forces",
    stress_key: Annotated[str | None, typer.Option(help="Key of the stress (eV/Å^3).")] = None,
    virial_key: Annotated[
        str | None, typer.Option(help="Key of virials (eV, minus volume times stress).")
    ] = None,
    config_type_key: Annotated[
        str, typer.Option(help="Key of the kind of a frame.")
    ] = "config_type",
    weight_key: Annotated[str, typer.Option(help="Key of a frame's weight.")] = "config_weight",
    units: Annotated[
        str | None,
        typer.Option(
            help="Energy unit of the file: eV, kcal/mol or hartree; else what the file states."
        ),
    ] = None,
) -> None:
    """Check labelled frames and write them under the names that ipip reads by default.

    Extended XYZ is read a few frames at a time, so files may be larger than the memory.
    """
    from ipip.cli.label_keys import label_keys
    from ipip.data.files import iterate_frames, write_frames
    from ipip.errors import InputError
    from ipip.train.checkpoints import disk_full_explained

    if len(files) < 2:
        raise InputError("convert needs at least two files: those to read, then the one to write")
    *sources, target = files
    if target.exists():
        raise InputError(f"{target}: is there already; name another file")
    keys = label_keys(
        energy_key, forces_key, stress_key, virial_key, config_type_key, weight_key, units
    )
    counts = {"frames": 0, "atoms": 0, "stress": 0}

    def frames() -> Iterator[Frame]:
        for source in sources:
            for frame in iterate_frames(source, keys):
                counts["frames"] += 1
                counts["atoms"] += len(frame)
                counts["stress"] += frame.stress is not None
                yield frame

    with disk_full_explained(target.parent):
        write_frames(target, frames())
    typer.echo(
        f"wrote {counts['frames']} frames with {counts['atoms']} atoms to {target}; "
        f"{counts['stress']} have a stress"
    )
