"""`ipip species`: molecules, reactions and lifetimes in a dump."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.config.species import SpeciesSettings


def species(
    dump: Annotated[
        Path, typer.Argument(help="LAMMPS text dump (.gz, .zst too), or a pattern with '*'.")
    ],
    symbols: Annotated[
        str | None, typer.Option(help="Element of each LAMMPS type, such as Mo,S,O.")
    ] = None,
    follow: Annotated[
        str | None, typer.Option(help="Element whose molecules are followed, such as Mo.")
    ] = None,
    timestep: Annotated[
        float | None, typer.Option(help="Time step of the MD in fs [as the dump states, else 1].")
    ] = None,
    units: Annotated[
        str | None,
        typer.Option(help="LAMMPS' units of the dump: metal, real, ... [as it states, else metal]"),
    ] = None,
    run: Annotated[
        int | None, typer.Option(help="Run to analyse, of a dump whose steps restart.")
    ] = None,
    whole: Annotated[
        bool | None,
        typer.Option("--whole", help="The dump is complete: its last frame needs no line feed."),
    ] = None,
    bond: Annotated[
        list[str] | None,
        typer.Option(help="Distances (Å) for a pair: Mo-S=2.8,3.4 (forms below, breaks above)."),
    ] = None,
    every: Annotated[int | None, typer.Option(help="Analyse every n-th frame [1].")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file (YAML); see docs/species.md.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Output folder [species-NAME beside the dump].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Follow the molecules of a reacting system: species, reactions, lifetimes."""
    import json

    from ipip.cli.dump_progress import dump_progress
    from ipip.lammps.dump_files import dump_files
    from ipip.species.run import species_of_dump
    from ipip.species.verdict import as_dict, describe_result

    given: dict[str, object] = {"follow": follow, "timestep": timestep, "every": every}
    given |= {"bonds": bond, "units": units, "run": run, "whole": whole}
    settings = _settings(config, given)
    files = dump_files(dump)
    out = folder or dump.parent / f"species-{files[0].name.split('.')[0]}"
    names = None if symbols is None else symbols.replace(",", " ").split()
    with dump_progress(files, shown=not (quiet or as_json)) as progress:
        result = species_of_dump(dump, settings, out, names, progress)
    if as_json:
        typer.echo(json.dumps(as_dict(result), indent=1))
        return
    for line in describe_result(result):
        typer.echo(line)
    typer.echo(f"tables and pictures: {out} (open {out / 'species.html'})")


def _settings(config: Path | None, given: dict[str, object]) -> SpeciesSettings:
    """Return the file's settings, overridden by the options of the command line."""
    from ipip.config.load import load_settings
    from ipip.config.options import with_options
    from ipip.config.species import SpeciesSettings

    settings = SpeciesSettings() if config is None else load_settings(config, SpeciesSettings)
    options = {name: value for name, value in given.items() if value is not None}
    if isinstance(given["bonds"], list):
        own = dict(_bond(text) for text in given["bonds"])
        options["bonds"] = {**settings.bonds, **own}
    return with_options(settings, options)


def _bond(text: str) -> tuple[str, tuple[float, float]]:
    from ipip.errors import InputError

    pair, _, values = text.partition("=")
    try:
        form, break_ = (float(value) for value in values.split(","))
    except ValueError:
        raise InputError(
            f"--bond {text}: expected two distances in Å, such as Mo-S=2.8,3.4"
        ) from None
    return pair, (form, break_)
