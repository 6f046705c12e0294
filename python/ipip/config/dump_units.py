"""The unit styles of LAMMPS dumps that can be read."""

from typing import Literal

DumpUnits = Literal["metal", "real", "si", "cgs", "electron", "micro", "nano"]
"""LAMMPS unit styles with physical units; lj has none."""
