"""CP2K, a program: density functional theory with the settings of the block `cp2k`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kind import TeacherKind

SHELLS = ("cp2k_shell.psmp", "cp2k_shell.ssmp", "cp2k_shell", "cp2k.psmp -s", "cp2k.ssmp -s")


class Cp2k(TeacherKind):
    """CP2K through its shell."""

    name = "cp2k"
    package = "jinja2"
    programs = tuple(shell.split()[0] for shell in SHELLS)
    instead_of_model = "set cp2k.level instead"
    own_settings = ("cp2k",)
    tries_for_all = True

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Return the ASE calculator of a level of theory."""
        from ..cp2k_level import Cp2kLevel

        return Cp2kLevel(spec["cp2k"], arguments, tried=spec.get("tried", False))
