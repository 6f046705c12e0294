"""The compiled parts: the module `ipip._core` with libipip, and the LAMMPS plugin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ipip.doctor.finding import Finding
from ipip.doctor.trial import last_line, try_command
from ipip.installation import rebuild_hint
from ipip.plugin import PLUGIN_FILE, plugin_folder

_CORE = """
import json, torch
from ipip.native import core
print(json.dumps([core.version(), core.torch_version_built(), core.torch_version_loaded()]))
"""
_PLUGIN = "from ipip.native import check_plugin; check_plugin()"


def check_compiled_parts(folder: Path) -> list[Finding]:
    """Load the compiled module and look for the plugin, each in a process of its own."""
    return [_core(), _plugin()]


def _core() -> Finding:
    status, output = try_command([sys.executable, "-c", _CORE])
    if status != 0:
        return Finding("compiled module", "fault", _reason(output), rebuild_hint())
    version, built, loaded = json.loads(last_line(output))
    if built != loaded:
        return Finding(
            "compiled module",
            "fault",
            f"libipip {version} was built for torch {built}, torch {loaded} is installed",
            f"install torch {built}, or {rebuild_hint()}",
        )
    return Finding("compiled module", "good", f"libipip {version} loads, with torch {loaded}")


def _plugin() -> Finding:
    file = Path(plugin_folder()) / PLUGIN_FILE
    if not file.is_file():
        return Finding("LAMMPS plugin", "fault", f"{file} is missing", rebuild_hint())
    status, output = try_command([sys.executable, "-c", _PLUGIN])
    if status != 0:
        return Finding("LAMMPS plugin", "fault", _reason(output), rebuild_hint())
    return Finding("LAMMPS plugin", "good", str(file))


def _reason(output: str) -> str:
    return last_line(output).removeprefix("ipip.errors.IpipError: ")
