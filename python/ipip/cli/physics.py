"""`ipip physics`: checks of a potential that need no reference."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ase import Atoms

    from ipip.physics import PhysicsReport, Subject


def physics(
    potentials: Annotated[
        list[Path],
        typer.Argument(
            help="Student files (.pt), and settings of teachers or ASE calculators (YAML, as for"
            " `ipip label`), side by side."
        ),
    ],
    structures: Annotated[
        Path | None,
        typer.Option(help="Structures to check (the first four) [boxes of the elements]."),
    ] = None,
    elements: Annotated[
        str | None,
        typer.Option(help="Elements whose pairs are checked, such as Mo,S,O [all]."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer points and shorter runs: seconds for a student.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder for page and table [physics-NAME].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Check a potential against physics, whatever its training set; status 1 if a check fails."""
    import dataclasses
    import sys

    from ipip.errors import InputError, IpipError
    from ipip.physics import run_physics
    from ipip.physics.run import PAGE, TABLE

    for path in potentials:
        if not path.is_file():
            raise InputError(f"{path}: no such file; give a student's model file or a YAML")
    frames = [] if structures is None else _structures(structures)
    kinds = None if elements is None else _elements(elements)
    out = folder or Path(f"physics-{potentials[0].stem}")

    def show(text: str) -> None:
        if not as_json and sys.stderr.isatty():
            typer.echo(f"\r\033[K{text}", nl=False, err=True)

    with ExitStack() as opened:
        subjects = [_subject(path, frames, kinds, out, opened) for path in potentials]
        stems = [path.stem for path in potentials]
        subjects = [  # files of the same name, such as those of rounds, are named by their paths
            dataclasses.replace(subject, name=str(path)) if stems.count(path.stem) > 1 else subject
            for path, subject in zip(potentials, subjects, strict=True)
        ]
        reports = run_physics(subjects, out, quick=quick, progress=show)
    show("")
    if as_json:
        typer.echo((out / TABLE).read_text(encoding="utf-8").rstrip())
    else:
        for report in reports:
            _print(report)
        typer.echo(f"page and table: {out} (open {out / PAGE})")
    failed = sum(len(report.failed) for report in reports)
    if failed:
        raise IpipError(
            f"{failed} {'checks fail' if failed > 1 else 'check fails'}; see {out / PAGE}"
        )


def _subject(
    path: Path,
    structures: list[Atoms],
    symbols: list[str] | None,
    out: Path,
    opened: ExitStack,
) -> Subject:
    """Open a student, or the calculator that settings name."""
    import dataclasses

    from ipip.errors import InputError
    from ipip.physics.subject import student_subject

    if path.suffix.lower() not in (".yaml", ".yml"):
        subject = student_subject(path, structures)
        if symbols is None:
            return subject
        unknown = sorted(set(symbols) - set(subject.symbols))
        if unknown:
            raise InputError(
                f"{path}: the student has {' '.join(subject.symbols)}, and not "
                f"{' '.join(unknown)}; choose --elements among the former"
            )
        return dataclasses.replace(subject, symbols=tuple(symbols))
    from ipip.config.load import load_settings
    from ipip.config.teacher import TeacherSettings
    from ipip.physics.teacher import teacher_subject
    from ipip.teachers import Teacher

    settings = load_settings(path, TeacherSettings).model_copy(update={"workers": 1})
    teacher = opened.enter_context(Teacher(settings, out / "logs"))
    return teacher_subject(path.stem, teacher, structures, symbols)


def _structures(path: Path) -> list[Atoms]:
    from ipip.data import read_frames
    from ipip.physics.subject import MOST_STRUCTURES

    frames = read_frames(path, require=())
    if len(frames) > MOST_STRUCTURES:
        typer.echo(f"{path}: the first {MOST_STRUCTURES} of {len(frames)} structures", err=True)
    return [frame.to_atoms() for frame in frames[:MOST_STRUCTURES]]


def _elements(text: str) -> list[str]:
    from ase.data import atomic_numbers

    from ipip.errors import InputError

    kinds = text.replace(",", " ").split()
    for symbol in kinds:
        if symbol not in atomic_numbers or symbol == "X":
            raise InputError(f"--elements {text}: {symbol!r} is not a chemical symbol")
    if not kinds:
        raise InputError("--elements is empty; expected chemical symbols such as Mo,S,O")
    return list(dict.fromkeys(kinds))


def _print(report: PhysicsReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from ipip.physics.report import describe_measure, title_of

    console = Console(highlight=False, markup=False)
    console.print(report.verdict, style="bold")
    table = Table()
    for header in ("check", "", "finding"):
        table.add_column(header, overflow="fold")
    for outcome in report.outcomes:
        finding = describe_measure(outcome.telling) or outcome.note
        table.add_row(title_of(outcome.check), outcome.state, finding)
    console.print(table)
    for outcome in report.failed:
        if outcome.note:
            console.print(f"{title_of(outcome.check)}: {outcome.note}")
