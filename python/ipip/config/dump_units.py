"""The unit styles in which LAMMPS' dumps are read."""

from typing import Literal

DumpUnits = Literal["metal", "real", "si", "cgs", "electron", "micro", "nano"]
"""LAMMPS' unit styles that have a size; lj has none."""
