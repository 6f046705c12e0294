"""The kinds of teacher, each in a file of its own; what else must know of one reads it here.

ipip reads this list where it checks settings, and a teacher's process where it opens the teacher;
a kind's package is imported by the process alone.
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
"""By name, as `teacher.kind` says it."""

WITH_FEATURES = tuple(kind.name for kind in KINDS.values() if kind.has_features)
"""Kinds that describe atoms."""

IN_BATCHES = tuple(kind.name for kind in KINDS.values() if kind.evaluates_batches)
"""Kinds that evaluate several structures at a time."""
