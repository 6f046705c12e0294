"""Energy units of label files, in eV: the one place where they are converted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ase import units

KCAL_PER_MOL = units.kcal / units.mol
"""eV in one kcal/mol."""

EV_PER: Mapping[str, float] = MappingProxyType(
    {"eV": 1.0, "kcal/mol": KCAL_PER_MOL, "hartree": units.Hartree}
)
"""eV in one of each unit that `DataKeys.units` may name."""
