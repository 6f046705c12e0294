"""LAMMPS' unit styles in Å, fs and eV, and the style of a dump or a run."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ase import units as ase_units

from ipip.errors import InputError

_DECK_UNITS = re.compile(r"^[ \t]*units[ \t]+(\w+)", re.M)  # not a variable
_SETUP_UNITS = re.compile(r"^[ \t]*Unit style[ \t]*:[ \t]*(\S+)", re.M)
_HEAD_UNITS = re.compile(rb"ITEM: UNITS[ \t\r]*\n[ \t]*(\S+)[ \t\r]*\n")


@dataclasses.dataclass(frozen=True)
class LammpsUnits:
    """One of LAMMPS' unit styles; see https://docs.lammps.org/units.html.

    Attributes:
        name: of the style.
        distance: Å in its unit of distance.
        time: fs in its unit of time.
        energy: eV in its unit of energy.
    """

    name: str
    distance: float
    time: float
    energy: float

    @property
    def force(self) -> float:
        """eV/Å in its unit of force, which is that of energy over that of distance."""
        return self.energy / self.distance


_JOULE = 1.0 / ase_units._e  # eV

UNITS: Mapping[str, LammpsUnits] = MappingProxyType(
    {
        style.name: style
        for style in (
            LammpsUnits("metal", 1.0, 1e3, 1.0),
            LammpsUnits("real", 1.0, 1.0, ase_units.kcal / ase_units.mol),
            LammpsUnits("si", 1e10, 1e15, _JOULE),
            LammpsUnits("cgs", 1e8, 1e15, 1e-7 * _JOULE),
            LammpsUnits("electron", ase_units.Bohr, 1.0, ase_units.Hartree),
            LammpsUnits("micro", 1e4, 1e9, 1e-15 * _JOULE),  # pg µm²/µs²
            LammpsUnits("nano", 10.0, 1e6, 1e-21 * _JOULE),  # ag nm²/ns²
        )
    }
)


def lammps_units(name: str, where: str) -> LammpsUnits:
    """Return a unit style by name.

    Args:
        name: of the style.
        where: the file in these units, for the message.

    Raises:
        InputError: a style without absolute units (lj), or none of LAMMPS'.
    """
    if name == "lj":
        raise InputError(
            f"{where} is in LAMMPS' units lj, which have no size of their own: convert it to units "
            "metal first"
        )
    if name not in UNITS:
        raise InputError(f"{where} is in units {name!r}; expected one of {', '.join(UNITS)}")
    return UNITS[name]


def agreed_units(where: str, stated: str | None, given: str | None) -> str | None:
    """Return the units that a file states or its reader was given; None without either.

    Raises:
        InputError: they differ.
    """
    if stated is not None and given is not None and stated != given:
        raise InputError(
            f"{where} states LAMMPS' units {stated}, but {given} were given: leave "
            "--units (`units`) out"
        )
    return stated or given


def units_in_head(head: bytes) -> str | None:
    """Return the units stated in the first bytes of a dump, or None."""
    matches = _HEAD_UNITS.match(head)
    return None if matches is None else matches[1].decode(errors="replace")


def units_of_deck(text: str) -> str | None:
    """Return the units of the last `units` command of a deck, or None."""
    matches = _DECK_UNITS.findall(text)
    return matches[-1] if matches else None


def units_on_screen(text: str) -> str | None:
    """Return the units in LAMMPS' screen output at a run's setup, or None."""
    matches = _SETUP_UNITS.findall(text)
    return matches[-1] if matches else None


def units_of_run(folder: Path) -> str:
    """Return the units of a student's run, from its output or deck; by default metal."""
    texts = {}
    for name in ("screen.txt", "in.lammps"):
        try:
            texts[name] = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            texts[name] = ""
    return units_on_screen(texts["screen.txt"]) or units_of_deck(texts["in.lammps"]) or "metal"
