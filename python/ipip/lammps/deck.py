"""Filling in the deck template of a student's MD."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Sequence
from importlib import resources
from itertools import combinations_with_replacement
from pathlib import Path

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from ipip.config.md import StudentMDSettings
from ipip.errors import InputError
from ipip.export import has_kernels
from ipip.lammps.units import units_of_deck
from ipip.lammps.verdict import Bounds, Pair

TEMPLATE = "student_nvt.lmp.j2"
WORD = r"(?:\{\{.*?\}\}|\S+)"  # of a deck, or an expression of jinja
BAROSTAT = re.compile(rf"^\s*fix\s+{WORD}\s+{WORD}\s+(npt|nph|box/relax|press/)", re.MULTILINE)
METAL = "metal"  # the units of all decks that ipip fills in
# Errors of rendering: jinja2 passes on errors of a template's expressions.
TEMPLATE_ERRORS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
MODEL_NAME = "student.pt"  # the student's name in a deck


@dataclasses.dataclass(frozen=True)
class PairCommands:
    """The potential of a deck.

    Attributes:
        lines: pair_style and pair_coeff commands.
        compute: pair style whose ``compute pair`` gives the largest force and the minimum distance
            of each type pair, or "" if the style has none (those guards are then off).
        model: file of the student, `student.pt` in the lines; `place_model` links it into the
            run's folder. None: the lines name their files.
    """

    lines: tuple[str, ...]
    compute: str = ""
    model: Path | None = None


def student_pair(
    model: Path, symbols: Sequence[str], options: str = "", device: str = "auto"
) -> PairCommands:
    """Return the commands of ``pair_style ipip`` for a model and the elements of the types.

    They name a link in the run's folder, since LAMMPS changes every non-ASCII character of a
    deck and interprets quotes, ``$`` and ``#``.

    If the kernels do not run the student, the deck selects backend torchscript, which runs the
    program in the file.

    Raises:
        InputError: the file is not a student.
    """
    if "backend" not in options.split() and not has_kernels(model):
        options = f"backend torchscript {options}"
    if device != "auto" and "device" not in options.split():
        options = f"device {device} {options}"
    style = f"pair_style ipip {options}".strip()
    coeff = f"pair_coeff * * {MODEL_NAME} {' '.join(symbols)}"
    return PairCommands((style, coeff), compute="ipip", model=Path(model))


def place_model(pair: PairCommands, folder: Path) -> None:
    """Link the model as `student.pt` into the folder in which LAMMPS runs.

    The link is relative, so folder and model may be moved together; if the file system has no
    links, the model is copied.
    """
    if pair.model is None:
        return
    link = folder / MODEL_NAME
    link.unlink(missing_ok=True)
    target = os.path.realpath(pair.model)
    try:
        link.symlink_to(os.path.relpath(target, os.path.realpath(folder)))
    except OSError:
        shutil.copyfile(target, link)


def type_pairs(symbols: Sequence[str]) -> list[Pair]:
    """Element pairs in the order of compute pair: (1,1), (1,2), ... (2,2), ...; each sorted."""
    pairs = combinations_with_replacement(symbols, 2)
    return [(min(a, b), max(a, b)) for a, b in pairs]


def distance_variable(pair: Pair) -> str:
    """Return the name of the deck variable with the minimum distance of a pair."""
    return f"min_{pair[0]}_{pair[1]}"


def render_deck(
    md: StudentMDSettings,
    bounds: Bounds,
    pair: PairCommands,
    symbols: Sequence[str],
    *,
    boundary: str,
    n_atoms: int,
    seed: int,
    data: str = "start.data",
    restart: str = "",
    first_energy: float = 0.0,
) -> str:
    """Fill in the deck template.

    Args:
        md: settings (fs, K; converted to LAMMPS' metal units here).
        bounds: guards; distances of pairs with other elements are ignored.
        pair: the potential.
        symbols: element of each LAMMPS type.
        boundary: LAMMPS' boundary flags.
        n_atoms: atoms of the run.
        seed: of velocities and noise.
        data: data file, relative to the run's folder.
        restart: restart file from which a killed run resumes, or "".
        first_energy: eV, of the run's first step, if it resumes.

    Returns:
        The deck's text.

    Raises:
        InputError: the user's template is missing, has an error, or has other units than metal.
    """
    distances = [
        (distance_variable(p), 2 + index, f"{bounds.distances[p]:.10g}")
        for index, p in enumerate(type_pairs(symbols))
        if p in bounds.distances
    ]
    values = md.model_dump(include=set(StudentMDSettings.model_fields) - {"deck"})
    values.update(
        timestep=f"{md.timestep / 1000.0:.10g}",
        damping=f"{md.damping / 1000.0:.10g}",
        pressure_damping=f"{md.pressure_damping / 1000.0:.10g}",
        boundary=boundary,
        data=data,
        pair_lines=list(pair.lines),
        pair_compute=pair.compute,
        distances=distances,
        elements=" ".join(symbols),
        n_atoms=n_atoms,
        seed=1 + seed % 900_000_000,
        max_temperature=f"{bounds.temperature:.10g}",
        max_force=f"{bounds.force:.10g}",
        max_energy_change=bounds.energy_change or "",
        max_energy_jump=bounds.energy_jump or "",
        max_uncertainty=f"{bounds.uncertainty:.10g}" if bounds.uncertainty else "",
        restart=restart,
        first_energy=f"{first_energy:.17g}",
    )
    name = TEMPLATE if md.deck is None else str(md.deck)
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    try:
        deck = environment.from_string(template_text(md.deck)).render(values) + "\n"
    except TEMPLATE_ERRORS as error:
        line = getattr(error, "lineno", None)
        where = "" if line is None else f", line {line}"
        reason = str(error) or type(error).__name__
        raise InputError(f"deck template {name}{where}: {reason}") from error
    units = units_of_deck(deck)
    if units not in (None, METAL):
        raise InputError(f"deck template {name} {wrong_units(units)}")
    return deck


def wrong_units(units: str) -> str:
    """Return the message on a deck in other units than metal."""
    return (
        f"has `units {units}`, but the bounds and times that ipip fills in, and the energies, "
        "forces and dumps that it reads, are in metal units (Å, ps, eV, bar): write "
        f"`units {METAL}`"
    )


def template_text(path: Path | None) -> str:
    """Return the text of a deck template; None: the package's.

    Raises:
        InputError: the file cannot be read.
    """
    if path is None:
        return resources.files("ipip.lammps").joinpath(TEMPLATE).read_text(encoding="utf-8")
    try:
        return Path(os.path.expanduser(path)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"deck template {path} cannot be read: {error}") from error


def at_constant_pressure(md: StudentMDSettings) -> bool:
    """Return whether a barostat controls the box of this MD, in a user's deck too."""
    if md.ensemble == "npt":
        return True
    return md.deck is not None and BAROSTAT.search(template_text(md.deck)) is not None
