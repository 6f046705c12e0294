"""The installed teachers and reference levels."""

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
    """Report the teachers of this interpreter; others may be in other environments."""
    installed, absent = [], []
    for kind in KINDS.values():
        if not kind.distribution:
            continue  # a program, or any package
        if importlib.util.find_spec(kind.package) is None:
            absent.append(kind.name)
            continue
        try:
            version = metadata.version(kind.distribution)
        except metadata.PackageNotFoundError:
            version = "of unknown version"
        installed.append(f"{kind.name} {version}")
    for kind in KINDS.values():
        program = next(filter(None, map(shutil.which, kind.programs)), None)
        installed += [f"{kind.name} {program}"] if program else []
    missing = ", ".join(absent)
    if not installed:
        extra = next(iter(TEACHERS.values())).extra
        return [
            Finding(
                "teachers",
                "note",
                "none in this environment",
                f"install one ({install_command(extra=extra)}), or set "
                "teacher.interpreter to another environment's python",
            )
        ]
    text = ", ".join(installed) + (f"; not installed: {missing}" if missing else "")
    return [Finding("teachers", "good", f"{text} ({sys.executable})")]
