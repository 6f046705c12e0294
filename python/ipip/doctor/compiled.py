"""The compiled parts: the module `ipip._core` with libipip, its PyTorch part, the LAMMPS plugin."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from ipip.doctor.finding import Finding
from ipip.doctor.trial import last_line, try_command
from ipip.installation import rebuild_hint
from ipip.plugin import PLUGIN_FILE, plugin_folder

_CORE = "from ipip.native import core; print(core.version())"
_TORCH = """
import json, torch
from ipip.native import core
print(json.dumps([core.torch_version_built(), core.torch_version_loaded()]))
"""
_PLUGIN = "from ipip.native import check_plugin; check_plugin()"


def check_compiled_parts(folder: Path) -> list[Finding]:
    """Load the compiled module and look for the plugin, each in a process of its own."""
    findings = [_core(), _plugin()]
    if importlib.util.find_spec("torch") is not None:
        findings.insert(1, _torch())
    return findings


def _core() -> Finding:
    status, output = try_command([sys.executable, "-c", _CORE])
    if status != 0:
        return Finding("compiled module", "fault", _reason(output), rebuild_hint())
    return Finding("compiled module", "good", f"libipip {last_line(output)} loads")


def _torch() -> Finding:
    """Load what trains and runs TorchScript; kernels do without it."""
    status, output = try_command([sys.executable, "-c", _TORCH])
    if status != 0:
        return Finding("PyTorch part", "fault", _reason(output), rebuild_hint())
    built, loaded = json.loads(last_line(output))
    if built != loaded:
        return Finding(
            "PyTorch part",
            "fault",
            f"was built for torch {built}, torch {loaded} is installed: training and students "
            "without kernels do not work, decks and calculators on kernels do",
            f"install torch {built}, or {rebuild_hint()}",
        )
    return Finding("PyTorch part", "good", f"loads, with torch {loaded}")


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
