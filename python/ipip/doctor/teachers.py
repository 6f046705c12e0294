"""Which teachers and reference levels are installed here."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from importlib import metadata
from pathlib import Path

from ipip.doctor.finding import Finding
from ipip.extras import TEACHERS
from ipip.installation import install_command

CP2K = ("cp2k_shell.psmp", "cp2k_shell.ssmp", "cp2k_shell", "cp2k.psmp")


def check_teachers(folder: Path) -> list[Finding]:
    """Report which teachers this interpreter has; others may lie in environments of their own."""
    there, absent = [], []
    for kind, package in TEACHERS.items():
        if importlib.util.find_spec(package.module) is None:
            absent.append((kind, package.extra))
            continue
        try:
            version = metadata.version(package.distribution)
        except metadata.PackageNotFoundError:
            version = "of unknown version"
        there.append(f"{kind} {version}")
    cp2k = next(filter(None, map(shutil.which, CP2K)), None)
    there += [f"cp2k {cp2k}"] if cp2k else []
    missing = ", ".join(kind for kind, _ in absent)
    if not there:
        return [
            Finding(
                "teachers",
                "note",
                "none in this environment",
                f"install one ({install_command(extra=absent[0][1])}), or set "
                "teacher.interpreter to another environment's python",
            )
        ]
    text = ", ".join(there) + (f"; not here: {missing}" if missing else "")
    return [Finding("teachers", "good", f"{text} ({sys.executable})")]
