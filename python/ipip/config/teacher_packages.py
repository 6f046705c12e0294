"""The Python packages that teachers come in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType


@dataclasses.dataclass(frozen=True)
class TeacherPackage:
    """A package that has a kind of teacher.

    Attributes:
        module: that is imported.
        distribution: as pip names it.
        extra: of ipip, which requires it.
    """

    module: str
    distribution: str
    extra: str


TEACHER_PACKAGES: Mapping[str, TeacherPackage] = MappingProxyType(
    {
        "sevennet": TeacherPackage("sevenn", "sevenn", "sevennet"),
        "mace": TeacherPackage("mace", "mace-torch", "mace"),
        "chgnet": TeacherPackage("chgnet", "chgnet", "chgnet"),
        "tblite": TeacherPackage("tblite", "tblite", "xtb"),
    }
)
"""By kind of teacher; cp2k is a program and ase any package."""
