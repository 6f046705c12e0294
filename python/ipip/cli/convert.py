"""`ipip convert`: labelled frames from one file format to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.data import Frame
    from ipip.data.frame import FloatArray


def convert(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files to read (.xyz, .db, .npz, .lmdb, OUTCAR, vasprun.xml, .traj, any format "
            "that ASE reads, CP2K's NAME-pos-1.xyz, DeePMD folders), then the file to write (.xyz, "
            ".db; .lmdb: a store that is read frame by frame)."
        ),
    ],
    energy_key: Annotated[str, typer.Option(help="Key of the energies (eV).")] = "energy",
    forces_key: Annotated[str, typer.Option(help="Key of the forces (eV/Å).")] = "forces",
    stress_key: Annotated[str | None, typer.Option(help="Key of the stress (eV/Å^3).")] = None,
    virial_key: Annotated[
        str | None, typer.Option(help="Key of virials (eV, minus volume times stress).")
    ] = None,
    config_type_key: Annotated[
        str, typer.Option(help="Key of a frame's config type.")
    ] = "config_type",
    weight_key: Annotated[str, typer.Option(help="Key of a frame's weight.")] = "config_weight",
    units: Annotated[
        str | None,
        typer.Option(help="Energy unit of the file: eV, kcal/mol or hartree [as the file states]."),
    ] = None,
    type_map: Annotated[
        str | None,
        typer.Option(help="Element of each type of a DeePMD folder without type_map.raw: Mo,S,O."),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            help="Å; three edges or nine numbers, for a CP2K trajectory without a .cell file; "
            "none: not periodic."
        ),
    ] = None,
    unconverged: Annotated[
        bool, typer.Option("--unconverged", help="Also read frames whose SCF did not converge.")
    ] = False,
) -> None:
    """Check labelled frames and write them under the names that ipip reads by default.

    Energies, forces and stresses are written in eV and Å, whatever the units of the files. Extended
    XYZ and most outputs are read a few frames at a time, so files may be larger than memory.
    """
    from ipip.cli.label_keys import label_keys
    from ipip.data.conversion import Read, iterate_source
    from ipip.data.files import write_frames
    from ipip.errors import InputError
    from ipip.storage.disk_space import full_disk_explained

    if len(files) < 2:
        raise InputError(
            "convert needs at least two files: one or more to read, then the one to write"
        )
    *sources, target = files
    if target.exists():
        raise InputError(f"{target}: already exists; name another file")
    keys = label_keys(
        energy_key, forces_key, stress_key, virial_key, config_type_key, weight_key, units
    )
    vectors = None if cell is None else cell_of(cell)
    names = [] if type_map is None else type_map.replace(",", " ").split()
    reads = [Read(source) for source in sources]

    def frames() -> Iterator[Frame]:
        for read in reads:
            yield from iterate_source(
                read, keys, type_map=names, cell=vectors, unconverged=unconverged
            )

    with full_disk_explained(target.parent):
        write_frames(target, frames())
    for read in reads:
        typer.echo("\n".join(read.lines()))
    total = sum(read.frames for read in reads)
    typer.echo(
        f"wrote {total} frames with {sum(read.atoms for read in reads)} atoms to {target}; "
        f"{sum(read.stresses for read in reads)} have a stress"
    )


def cell_of(text: str) -> FloatArray:
    """Return the cell [3, 3] (Å) that an option names; zeros for `none`.

    Raises:
        InputError: neither `none` nor three or nine numbers.
    """
    import numpy as np

    from ipip.errors import InputError

    if text.strip().lower() == "none":
        return np.zeros((3, 3))
    try:
        numbers = np.array(text.replace(",", " ").split(), dtype=np.float64)
    except ValueError:
        numbers = np.zeros(0)
    if numbers.size not in (3, 9) or not np.isfinite(numbers).all():
        raise InputError(f"--cell is {text!r}; expected three edges or nine numbers in Å, or none")
    return np.diag(numbers) if numbers.size == 3 else numbers.reshape(3, 3)
