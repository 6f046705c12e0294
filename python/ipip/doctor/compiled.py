"""The compiled parts: `ipip._core` with libipip, the PyTorch parts, and the LAMMPS plugin."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ipip.doctor.finding import Finding
from ipip.doctor.trial import last_line, try_command
from ipip.installation import install_command, rebuild_hint
from ipip.plugin import PLUGIN_FILE, plugin_folder

_CORE = """
import json
from ipip.native import core
print(json.dumps([core.version(), core.torch_parts()]))
"""
_TORCH = """
import torch
from ipip.native import core, load_operators
load_operators()
print(core.torch_version())
"""
_PLUGIN = "from ipip.native import check_plugin; check_plugin()"


def check_compiled_parts(folder: Path) -> list[Finding]:
    """Load the compiled module and a PyTorch part, and locate the plugin, each in a process."""
    return [*_core(), _plugin()]


def _core() -> list[Finding]:
    status, output = try_command([sys.executable, "-c", _CORE])
    if status != 0:
        return [Finding("compiled module", "fault", _reason(output), rebuild_hint())]
    version, parts = json.loads(last_line(output))
    return [Finding("compiled module", "good", f"libipip {version} loads"), _torch(parts)]


def _torch(parts: Sequence[str]) -> Finding:
    """Determine which part fits the installed PyTorch; kernels do not need it.

    Args:
        parts: versions of torch for which this ipip was built.
    """
    if not parts:
        return Finding("PyTorch part", "note", "this ipip was built without one", rebuild_hint())
    built = f"built for torch {', '.join(parts)}"
    if find_spec("torch") is None:
        return Finding("PyTorch part", "good", f"{built}, of which none is installed")
    status, output = try_command([sys.executable, "-c", _TORCH])
    if status != 0:
        remedy = f"{install_command(f'torch=={parts[-1]}.*')}, or {rebuild_hint()}"
        return Finding("PyTorch part", "fault", _reason(output), remedy)
    version = last_line(output)
    fits = ".".join(version.split(".")[:2])
    return Finding("PyTorch part", "good", f"{built}; the part for {fits} fits torch {version}")


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
