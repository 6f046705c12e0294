"""Units that a file states with its labels: detected, checked against the settings, converted.

Headers of other programs' files state `energy-unit=hartree`, archives of sGDML `e_unit`, databases
  of SchNetPack have units in their metadata. None of these may be silently read as eV.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ipip.config.data import DataKeys
from ipip.data.units import DIMENSIONS, EV_PER, Quantity, Unit, read_unit
from ipip.errors import InputError

GENERAL = frozenset({"unit", "units", "unit_system", "unit_style"})
NO_STATEMENTS = frozenset({"unit_cell", "unit_cells", "unit_lattice"})
_NAMES: Mapping[str, Quantity] = {
    **dict.fromkeys(("energy", "energies", "e", "total_energy", "potential_energy"), "energy"),
    **dict.fromkeys(("force", "forces", "f"), "forces"),
    **dict.fromkeys(("stress", "stresses", "pressure"), "stress"),
    **dict.fromkeys(("virial", "virials"), "virial"),
    **dict.fromkeys(("length", "lengths", "distance", "distances", "position", "positions", "pos"),
                    "length"),
    **dict.fromkeys(("coord", "coords", "coordinate", "coordinates", "r", "cell", "lattice"),
                    "length"),
}  # fmt: skip
_STATEMENT = re.compile(r"(?:(?P<before>.+)_units?|units?_(?:of_)?(?P<after>.+))$")


@dataclasses.dataclass(frozen=True)
class Statement:
    """One unit as a file states it: `key=text`."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}={self.text}"


Statements = dict[Quantity, Statement]


def take_statements(values: dict[str, Any], keys: DataKeys, where: str) -> Statements:
    """Remove the statements of units from a frame's values and return them.

    Args:
        values: a file's values of a frame, by its keys; statements are removed from them.
        keys: names of the labels; `REF_energy_unit` is a statement on a label `REF_energy`.
        where: file and frame, for messages.

    Raises:
        InputError: an unknown statement on all units, and no `keys.units` to override it.
    """
    statements: Statements = {}
    for key in [key for key in values if "unit" in key.lower()]:
        value = values[key]
        if not isinstance(value, str) or not value.strip():
            continue
        name = key.lower().strip("_").replace("-", "_").replace(" ", "_")
        if name in GENERAL:
            statements |= _general(Statement(key, value), keys, where)
        elif (quantity := _quantity(name, keys)) is not None:
            statements[quantity] = Statement(key, value)
        else:
            continue
        del values[key]
    return statements


def _quantity(name: str, keys: DataKeys) -> Quantity | None:
    match = _STATEMENT.match(name)
    if match is None or name in NO_STATEMENTS:
        return None
    stem = (match["before"] or match["after"]).strip("_")
    own: dict[str, Quantity] = {keys.energy.lower(): "energy", keys.forces.lower(): "forces"}
    if keys.stress is not None:
        own[keys.stress.lower()] = "virial" if keys.stress_is == "virial" else "stress"
    return own.get(stem) or _NAMES.get(stem)


def _general(statement: Statement, keys: DataKeys, where: str) -> Statements:
    """Read `units=metal`, `units="hartree, bohr"` and the like."""
    words = [word for word in re.split(r"[,;]\s*|\s+", statement.text.strip()) if word]
    if words and words[0].lower() in ("metal", "ase"):
        words = ["eV", "Å"]
    statements: Statements = {}
    for word in words:
        for quantity in ("energy", "length", "forces", "stress"):
            if read_unit(word, quantity) is not None:
                statements[quantity] = Statement(statement.key, word)
                break
        else:
            if keys.units is None:
                raise InputError(
                    f"{where}: states {statement}, which is unknown; set keys.units "
                    f"(--units) to the unit of its energies, {_known_units()}, or write it as "
                    "energy-unit, force-unit and stress-unit"
                )
    return statements


@dataclasses.dataclass
class Conversion:
    """From a file's numbers to eV, eV/Å, eV/Å^3 and Å.

    Attributes:
        stated: units that the file states.
        keys: the settings.
        where: file and frame, for messages.
        converted: statements by which numbers were converted without the settings.
        overruled: unknown statements, overridden by `keys.units`.
    """

    stated: Statements
    keys: DataKeys
    where: str
    converted: set[str] = dataclasses.field(default_factory=set)
    overruled: set[str] = dataclasses.field(default_factory=set)

    def factor(self, quantity: Quantity) -> float:
        """Return eV, eV/Å, eV/Å^3 or Å in one of the file's units.

        Raises:
            InputError: the statement is unknown, contradicts `keys.units`, or is missing
                although the file's energies are stated to be in another unit than eV.
        """
        setting = self.keys.units
        statement = self.stated.get(quantity)
        if statement is None:
            if quantity == "length":
                return 1.0
            self._check_unstated(quantity)
            return EV_PER[setting or "eV"]
        unit = read_unit(statement.text, quantity)
        if unit is None and setting is not None and quantity != "length":
            self.overruled.add(str(statement))
            return EV_PER[setting]
        if unit is None:
            raise InputError(
                f"{self.where}: states {statement}, which is no unit of {_WORDS[quantity]} that is "
                f"known; expected one such as {_EXAMPLES[quantity]}: correct the file"
                + (
                    ""
                    if quantity == "length"
                    else f", or set keys.units (--units) to {_known_units()}"
                )
            )
        self._check_setting(statement, unit)
        if unit.factor != 1.0 and setting is None:
            self.converted.add(str(statement))
        return unit.factor

    def _check_setting(self, statement: Statement, unit: Unit) -> None:
        setting = self.keys.units
        if setting is None or unit.energy is None:
            return
        if abs(unit.energy / EV_PER[setting] - 1.0) > 1e-4:
            raise InputError(
                f"{self.where}: states {statement}, but keys.units is {setting}; remove keys.units "
                "(--units) to use the file's, or correct the wrong one"
            )

    def _check_unstated(self, quantity: Quantity) -> None:
        """Refuse forces of an unknown length unit if energies are not in eV."""
        energy = self.stated.get("energy")
        if energy is None or quantity == "energy" or self.keys.units is not None:
            return
        unit = read_unit(energy.text, "energy")
        if unit is None or abs(unit.factor - 1.0) > 1e-9:
            name = "force" if quantity == "forces" else quantity
            per = {"forces": " per Å", "stress": " per Å^3"}.get(quantity, "")
            raise InputError(
                f"{self.where}: states {energy}, but not the unit of its {_WORDS[quantity]}; add "
                f"{name}-unit={_EXAMPLES[quantity].split(',')[0]} or what it is to the file, or "
                f"set keys.units (--units), which reads them in that unit{per}"
            )


_WORDS: Mapping[Quantity, str] = {
    "energy": "energies",
    "forces": "forces",
    "stress": "stress",
    "virial": "virial",
    "length": "positions",
}
_EXAMPLES: Mapping[Quantity, str] = {
    "energy": "eV, kcal/mol, kJ/mol, hartree, rydberg",
    "forces": "hartree/bohr, eV/Å, kcal/mol/Å, kJ/mol/nm",
    "stress": "GPa, kbar, eV/Å^3, hartree/bohr^3",
    "virial": "eV, kcal/mol, kJ/mol, hartree, rydberg",
    "length": "Å, bohr, nm",
}
assert set(_EXAMPLES) == set(DIMENSIONS)


def _known_units() -> str:
    return " or ".join(EV_PER)
