"""`ipip init`: write a commented settings file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ipip.loop.first_settings import FirstSettings, StartingPoint


def init(
    file: Annotated[Path, typer.Argument(help="Settings file to write.")] = Path("ipip.yaml"),
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Labelled frames, which give keys, groups and boxes."),
    ] = None,
    start: Annotated[
        list[Path] | None,
        typer.Option("--start", help="Structure to explore (any format of ASE); repeatable."),
    ] = None,
    species: Annotated[
        list[str] | None,
        typer.Option(
            "--species",
            metavar="NAME=COUNT",
            help="Molecules to pack into one box, such as CH3OH=4 or mine.xyz=2; repeatable.",
        ),
    ] = None,
    box: Annotated[
        float | None, typer.Option("--box", min=1.0, help="Å; edge of the cube for --species.")
    ] = None,
    density: Annotated[
        float | None,
        typer.Option("--density", min=1e-3, help="g/cm^3; instead of --box."),
    ] = None,
    elements: Annotated[
        str | None,
        typer.Option("--elements", help="Symbols of the student in order, such as C,H,O."),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", min=1.0, help="K; of all systems.")
    ] = None,
    profile: Annotated[
        str,
        typer.Option("--profile", help="Size of the run: quick (minutes) or production (hours)."),
    ] = "quick",
    minimal: Annotated[
        bool, typer.Option("--minimal", help="Write only the keys to check.")
    ] = False,
    energy_key: Annotated[
        str | None, typer.Option("--energy-key", help="Key of the labels' energies.")
    ] = None,
    forces_key: Annotated[
        str | None, typer.Option("--forces-key", help="Key of the labels' forces.")
    ] = None,
    group_key: Annotated[
        str | None, typer.Option("--group-key", help="Key of the labels' trajectories.")
    ] = None,
    units: Annotated[
        str | None, typer.Option("--units", help="Energy unit of the labels [as they state].")
    ] = None,
    example: Annotated[
        bool,
        typer.Option("--example", help="Write the quick example (Mo3O9 in S2) and its labels."),
    ] = False,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Also write FILE.schema.json, from which editors complete and check settings.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a settings file for your system: from --labels, from --start, or from --species.

    The file lists every key with its unit and default, unless --minimal is given.
    """
    from ipip.errors import InputError

    if file.exists() and not force:
        raise InputError(
            f"{file}: already exists; choose another name, or overwrite it with --force"
        )
    base = file.absolute().parent
    if not base.is_dir():
        raise InputError(f"{file}: the folder {base} does not exist; create it first")
    if example:
        _write_example(file, schema, force)
        return
    from ipip.cli.label_keys import energy_unit
    from ipip.config.run import RunSettings
    from ipip.config.template import render_template
    from ipip.data.survey import survey_labels
    from ipip.loop.first_settings import first_settings, from_labels, named_from, write_starts

    survey = None
    if labels is not None:
        survey = survey_labels(
            labels,
            energy=energy_key,
            forces=forces_key,
            group=group_key,
            units=energy_unit(units),
        )
    elif energy_key or forces_key or group_key or units:
        raise InputError("--energy-key, --forces-key, --group-key and --units need --labels")
    point = _systems(start or [], species or [], box, density, base)
    if point is None and survey is not None:
        point = from_labels(survey, f"{file.stem}-starts")
    for name in () if point is None or force else point.starts:
        if (base / name).exists():
            raise InputError(
                f"{base / name}: already exists; choose another name for {file}, or overwrite both "
                "with --force"
            )
    first = first_settings(
        profile,
        start=point,
        survey=survey,
        labels=None if labels is None else named_from(labels, base),
        elements=None if elements is None else _symbols(elements),
        temperature=temperature,
        processes=_processes(),
    )
    title = (
        f"Settings of `ipip run`, sizes of the profile {profile} (see docs/own-system.md). Relative"
        " paths are relative to this file. `ipip validate FILE` checks it and prints the plan."
    )
    if not minimal:
        title += " Commented keys show their default."
    text = render_template(
        RunSettings,
        first.values,
        title,
        minimal=minimal,
        notes=first.found,
        open_keys=first.open,
    )
    if point is not None:
        write_starts(point, base)
    first_line = _write_schema(file) if schema else ""
    file.write_text(first_line + text, encoding="utf-8")
    _print_next(file, first, point, survey is not None)


def _write_example(file: Path, schema: bool, force: bool) -> None:
    """Write the quick example, with its labels beside it."""
    import shlex

    from ipip.config.quick import LABELS, quick_labels, write_quick_template
    from ipip.errors import InputError

    source, labels = quick_labels(), file.parent / LABELS
    if source is None:
        raise InputError(
            f"this installation of ipip has no {LABELS.name}, the labels of the example; install "
            "a wheel of ipip, or use examples/mo-s-o of its source tree"
        )
    content = source.read_bytes()
    same = labels.is_file() and labels.read_bytes() == content
    if labels.exists() and not (same or force):
        raise InputError(
            f"{labels}: already exists and differs from the labels of the example; choose another "
            f"folder for {file.name}, or overwrite both with --force"
        )
    if not same:
        labels.parent.mkdir(exist_ok=True)
        labels.write_bytes(content)
        typer.echo(f"wrote {labels}: the labels of the example")
    write_quick_template(file, first_line=_write_schema(file) if schema else "")
    typer.echo(f"wrote {file}: the quick example")
    typer.echo(f"next: ipip validate {shlex.quote(str(file))}")


def _write_schema(file: Path) -> str:
    """Write the schema beside a settings file; return the line of that file that names it."""
    from ipip.config.json_schema import editor_line, json_schema
    from ipip.config.run import RunSettings

    path = file.with_name(f"{file.name}.schema.json")
    path.write_text(json_schema(RunSettings, "Settings of a run"), encoding="utf-8")
    typer.echo(f"wrote {path}: completion for editors with a YAML language server")
    return editor_line(path.name)


def _systems(
    start: list[Path], species: list[str], box: float | None, density: float | None, base: Path
) -> StartingPoint | None:
    """Return the systems in the options, or None without any."""
    from ipip.errors import InputError
    from ipip.loop.first_settings import from_molecules, from_structures

    if start and species:
        raise InputError("--start and --species exclude each other; edit `systems` to use both")
    if start:
        return from_structures(start, base)
    if not species:
        if box is not None or density is not None:
            raise InputError("--box and --density need --species")
        return None
    counts: dict[str, int] = {}
    for entry in species:
        name, separator, count = entry.rpartition("=")
        if not separator or not name or not count.isdigit() or int(count) < 1:
            raise InputError(f"--species is {entry!r}; expected NAME=COUNT, such as CH3OH=4")
        counts[name] = counts.get(name, 0) + int(count)
    return from_molecules(counts, box, density, base)


def _symbols(text: str) -> list[str]:
    return [symbol for symbol in text.replace(",", " ").split() if symbol]


def _processes() -> int:
    """Return how many processes a run may start: one a usable core, at most eight."""
    from ipip.cores import usable_cores

    return min(8, usable_cores())


def _print_next(
    file: Path, first: FirstSettings, point: StartingPoint | None, has_labels: bool
) -> None:
    """Print the written files, what to check or fill in, and the next commands."""
    import shlex

    name = shlex.quote(str(file))
    typer.echo(f"wrote {file}")
    for path in sorted(point.starts) if point is not None else ():
        typer.echo(f"wrote {file.parent / path}: the start of a system")
    for line in first.found:
        typer.echo(f"- {line}")
    for key, what in first.open.items():
        typer.echo(f"- FILL IN {key}: {what}")
    ahead = f"next: {'fill that in, then ' if first.open else ''}"
    if has_labels:
        typer.echo(f"{ahead}ipip validate {name}")
    else:
        label = "ipip label LEVEL.yaml frames.xyz --out labels.xyz"
        typer.echo(f"{ahead}ipip explore {name} --out frames.xyz")
        typer.echo(f"then: {label}")
        typer.echo("      LEVEL.yaml is the reference, such as the line `kind: tblite` or")
        typer.echo("      `kind: cp2k` (docs/references.md)")
    typer.echo(f"then: ipip run {name}")
