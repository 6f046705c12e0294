"""GFN-xTB by tblite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kind import TeacherKind


class Tblite(TeacherKind):
    """tblite's calculator, by the name of a method."""

    name = "tblite"
    package = "tblite"
    distribution = "tblite"
    extra = "xtb"
    default_model = "GFN2-xTB"

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Return the ASE calculator of a method."""
        from ..tblite_level import TbliteLevel

        return TbliteLevel(method=model, **{"verbosity": 0, **arguments})
