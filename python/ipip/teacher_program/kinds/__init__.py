"""The list of the kinds of teacher, each defined in one file.

ipip reads this list to check settings, and a teacher's process to open the teacher; only the
process imports a kind's package.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .ase_calculator import AseCalculator
from .chgnet import Chgnet
from .cp2k import Cp2k
from .kind import TeacherKind
from .mace import Mace
from .sevennet import SevenNet
from .tblite import Tblite

KINDS: Mapping[str, TeacherKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SevenNet(),
            Chgnet(),
            Mace(),
            Tblite(),
            Cp2k(),
            AseCalculator(),
        )
    }
)
"""By name, as in `teacher.kind`."""

WITH_FEATURES = tuple(kind.name for kind in KINDS.values() if kind.has_features)
"""Kinds that describe atoms."""

IN_BATCHES = tuple(kind.name for kind in KINDS.values() if kind.evaluates_batches)
"""Kinds that evaluate several structures at a time."""
