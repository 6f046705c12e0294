"""Units of label files, in eV and Å: the only code that reads and converts them."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from ase import units

KCAL_PER_MOL = units.kcal / units.mol
"""eV in one kcal/mol."""

EV_PER: Mapping[str, float] = MappingProxyType(
    {"eV": 1.0, "kcal/mol": KCAL_PER_MOL, "hartree": units.Hartree}
)
"""eV in one of each unit that `DataKeys.units` may name."""

Quantity = Literal["energy", "forces", "stress", "virial", "length"]
DIMENSIONS: Mapping[Quantity, tuple[int, int]] = MappingProxyType(
    {"energy": (1, 0), "virial": (1, 0), "forces": (1, -1), "stress": (1, -3), "length": (0, 1)}
)
"""Powers of energy and length of each quantity."""

_ENERGIES = {
    units.eV: ("ev", "electronvolt", "electronvolts"),
    1e-3 * units.eV: ("mev",),
    units.Hartree: ("hartree", "hartrees", "ha", "eh", "e_h"),
    units.Rydberg: ("rydberg", "rydbergs", "ry", "ryd"),
}
_MOLAR = {units.kcal: ("kcal",), units.kJ: ("kj",)}  # energies only with /mol
_LENGTHS = {
    1.0: ("å", "ang", "angs", "angstrom", "angstroms", "ångström", "ångstrom", "a"),
    units.Bohr: ("bohr", "bohrs", "a0", "a_0"),
    10.0: ("nm",),
    0.01: ("pm",),
}
_PRESSURES = {
    units.GPa: ("gpa",),
    1e-3 * units.GPa: ("mpa",),
    units.Pascal: ("pa",),
    1e3 * units.bar: ("kbar", "kb"),
    units.bar: ("bar",),
    101325.0 * units.Pascal: ("atm",),
}
_ATOMIC = frozenset({"au", "a.u.", "a.u", "atomic", "atomic units", "atomic_units"})
_FACTOR = re.compile(r"(/)?\s*([a-zåö_.]+0?)\s*(?:\^|\*\*)?\s*([+-]?\d+)?\s*[*·]?\s*")


@dataclasses.dataclass(frozen=True)
class Unit:
    """A unit stated in a file.

    Attributes:
        factor: eV, eV/Å, eV/Å^3 or Å in one of it.
        energy: eV in one of its energy unit; None for pressures and lengths.
    """

    factor: float
    energy: float | None


@functools.cache
def read_unit(text: str, quantity: Quantity) -> Unit | None:
    """Return the unit that a text names, such as `kcal/mol/Å`, or None if it names none.

    Args:
        text: in upper or lower case; factors as `/Å`, `Å^-1` or `per Å`, powers with or without
            `^`.
        quantity: measured in it; `atomic units` are those of this quantity.
    """
    plain = text.strip().lower().replace("(", "").replace(")", "")
    energy_power, length_power = DIMENSIONS[quantity]
    if plain in _ATOMIC:
        factor = units.Hartree**energy_power * units.Bohr**length_power
        return Unit(factor, units.Hartree if energy_power else None)
    plain = re.sub(r"[\s_]per[\s_]", "/", plain)
    factors = _factors(plain)
    if factors is None:
        return None
    found, energy, powers, moles = 1.0, 1.0, [0, 0], 0
    molar = pressure = False
    for name, power in factors:
        if name in ("mol", "mole"):
            moles += power
        elif (value := _value(name, _ENERGIES)) or (value := _value(name, _MOLAR)):
            molar |= name in ("kcal", "kj")
            found, energy = found * value**power, energy * value**power
            powers[0] += power
        elif value := _value(name, _LENGTHS):
            found, powers[1] = found * value**power, powers[1] + power
        elif value := _value(name, _PRESSURES):
            pressure = True
            found, powers = found * value**power, [powers[0] + power, powers[1] - 3 * power]
        else:
            return None
    if tuple(powers) != (energy_power, length_power) or moles != (-1 if molar else 0):
        return None
    if molar:
        found, energy = found / units.mol, energy / units.mol
    return Unit(found, energy if energy_power and not pressure else None)


def _factors(text: str) -> list[tuple[str, int]] | None:
    """Split `kcal/mol/Å` into (kcal, 1), (mol, -1), (å, -1); None for other text."""
    found, place = [], 0
    while place < len(text):
        match = _FACTOR.match(text, place)
        if match is None or match.end() == place:
            return None
        sign = -1 if match.group(1) else 1
        found.append((match.group(2), sign * int(match.group(3) or 1)))
        place = match.end()
    return found or None


def _value(name: str, known: Mapping[float, tuple[str, ...]]) -> float | None:
    return next((value for value, names in known.items() if name in names), None)
