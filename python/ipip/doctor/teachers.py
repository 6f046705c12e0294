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
from ipip.teacher_program.kinds import KINDS


def check_teachers(folder: Path) -> list[Finding]:
    """Report which teachers this interpreter has; others may lie in environments of their own."""
    there, absent = [], []
    for name, package in TEACHERS.items():
        if importlib.util.find_spec(package.module) is None:
            absent.append((name, package.extra))
            continue
        try:
            version = metadata.version(package.distribution)
        except metadata.PackageNotFoundError:
            version = "of unknown version"
        there.append(f"{name} {version}")
    for kind in KINDS.values():
        program = next(filter(None, map(shutil.which, kind.programs)), None)
        there += [f"{kind.name} {program}"] if program else []
    missing = ", ".join(name for name, _ in absent)
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
